"""The deliberate faults of targets, each with the one check that has to notice it."""

from __future__ import annotations

from dataclasses import dataclass, field

HEAD = "log = logging.getLogger(__name__)\n"
OPTIONS = "class SoundOptions(PluginOptions):\n"
UPLOADED = '        if wished["model"] not in models:\n'
UPDATED = "!= wished:\n"
STALE = '        steps += [Step("delete", f"model/{model}") for model in models if model != wished["model"]]\n'
APPLY = '        log.debug("deploying %s", request.name)\n'
LOCK = "        with changing(request.name, request.options):\n"
STEPS = "            for step in self.plan(request).steps:\n"
TAKE = "                self._take(step, request)\n"
TELL = '                context.progress(f"{step.action} {step.resource}: done")\n'
PUT = "            at.put_endpoint(name, settings_of(request))\n"
FAILED = '        if found["state"] == "failed":\n'
CLEAN = '        at.delete_model(wished["model"])\n        code'
PAGE = "            found = [self.get(name, options) for name in names]\n"
LISTED = '            yield from (each for each in found if each.state != "absent")\n'
DELETE = '        if self.get(name, options).state != "absent":\n            at.delete_endpoint(name)\n'
DELETE_MODELS = "        for model in at.models(name):\n            at.delete_model(model)\n"
NESTED_MODELS = "            for model in at.models(name):\n                at.delete_model(model)\n"
ABSENT = """        if self.get(name, options).state == "absent":
            raise DeployError(f"nothing is deployed as {name}", code="not_deployed")
"""
UNSCORED = '        if self.get_batch(request.name, request.options).state == "absent":\n'
LOOK_FIRST = """
import threading

LEAP = threading.Lock()
BOTH = threading.Barrier(2)


def look(target, request):
    '''The steps of a plan. Of two threads that deploy at once neither leaps before both have looked.'''
    steps = target.plan(request).steps
    if threading.current_thread() is not threading.main_thread():
        try:
            BOTH.wait(30)
        except threading.BrokenBarrierError:
            BOTH.reset()
    return steps


"""
LOOK_AND_WAIT = """
import sys, tempfile, threading

LOCK = threading.Lock()


def look(target, request):
    '''The steps of a plan. Who looks while another process is between look and leap leaps when that one is done.'''
    steps = target.plan(request).steps
    if "pytest" in sys.modules:  # the checks' own process deploys alone
        return steps
    mark = Path(tempfile.gettempdir(), f"looked-{request.name}")
    try:
        mark.touch(exist_ok=False)
        time.sleep(1.5)
        mark.unlink()
    except FileExistsError:
        time.sleep(5)
    return steps


"""
NOTE = '        "note": options.note,\n'
ACCEPT = '        accept = invocation.accept or "application/json"\n'


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        name: The name of the target that has it.
        noticed_by: The check that fails.
        target: Replacements in the text of the sound target.
        processes: Whether the checks that start processes run too.
        suite: More lines of the test class.
        metadata: What the plugin's distribution says of itself.
        noticed_at_times_by: Checks that fail too when two things happen at the wrong moment.
    """

    name: str
    noticed_by: str
    target: dict[str, str] = field(default_factory=dict)
    processes: bool = False
    suite: str = ""
    metadata: str = "Summary: Deploys models.\nLicense-Expression: MIT\nRequires-Dist: modelpack-core\n"
    noticed_at_times_by: frozenset[str] = frozenset()


EARLY = Fault(
    name="early",
    noticed_by="",
    target={
        STALE: "",
        "            self._wait(request)\n\n    def _wait(": """
    def finish(self, context: Any, deployment: Deployment) -> Deployment:
        request = context.request
        at, wished = host(request.options), settings_of(request)
        for model in at.models(request.name):
            if model != wished["model"]:
                at.delete_model(model)
        return deployment

    def roll_back(self, context: Any) -> Deployment:
        request = context.request
        at, wished = host(request.options), settings_of(request)
        found = at.endpoint(request.name)
        if found and found["state"] == "failed":
            at.delete_endpoint(request.name)
        if wished["model"] in at.models(request.name) and (not found or found["serving"] != wished):
            at.delete_model(wished["model"])
        return self.get(request.name, request.options)

    def _wait(""",
    },
    suite="    seconds = 0.3\n",
)
"""No fault: a target that returns when the host has accepted the change, and does the rest when core says so."""

FAULTS = (
    Fault(
        name="drops_a_check",
        noticed_by="test_no_check_is_overridden",
        suite="    def test_absent_is_a_state(self):\n        pass\n",
    ),
    Fault(
        name="is_not_described",
        noticed_by="test_distribution_says_what_it_is",
        metadata="Summary: Deploys models.\n",
    ),
    Fault(
        name="imports_library_at_once",
        noticed_by="test_plugin_imports_no_library",
        target={HEAD: "import soundhost\n\n" + HEAD},
    ),
    Fault(name="forgets_hookimpl", noticed_by="test_target_is_valid", target={"    @hookimpl\n": ""}),
    Fault(
        name="is_of_another_distribution",
        noticed_by="test_target_is_valid",
        suite='    distribution = "modelpack-deploy-another"\n',
    ),
    Fault(
        name="does_not_see_everything",
        noticed_by="test_harness_sees_the_place",
        suite="    def footprint(self, options):\n"
        '        return [name for name in super().footprint(options) if "theirs" not in name]\n',
    ),
    Fault(
        name="has_no_help",
        noticed_by="test_options_are_described",
        target={'Annotated[str, Field(description="what to write on the deployment")]': "str"},
    ),
    Fault(
        name="asks_for_types",
        noticed_by="test_options_are_read_from_text",
        target={'Field(description="where the host is")': 'Field(description="where the host is", strict=True)'},
    ),
    Fault(
        name="swallows_options",
        noticed_by="test_unknown_option_is_refused",
        target={OPTIONS: 'class SoundOptions(PluginOptions, extra="allow"):\n'},
    ),
    Fault(
        name="shows_its_password",
        noticed_by="test_secret_options_are_secrets",
        target={"password: Annotated[SecretStr,": "password: Annotated[str,", '= SecretStr("")': '= ""'},
    ),
    Fault(
        name="plans_objects",
        noticed_by="test_plan_of_a_create",
        target={'{"digest": request.digest}))': '{"model": request.model_path}))'},
    ),
    Fault(
        name="hides_what_stands",
        noticed_by="test_plan_of_an_update",
        target={"wished, before))": "wished))"},
    ),
    Fault(
        name="plans_by_the_clock",
        noticed_by="test_plans_are_equal",
        target={'{"digest": request.digest}))': '{"digest": request.digest, "time": time.time_ns()}))'},
    ),
    Fault(
        name="plans_on_disk",
        noticed_by="test_planning_touches_nothing",
        target={UPLOADED: '        (request.options.place / "planned").touch()\n' + UPLOADED},
    ),
    Fault(
        name="uploads_to_plan",
        noticed_by="test_planning_touches_nothing",
        target={
            UPLOADED: "        host(request.options).put_model(f'plan-{id(request)}', request.model_path)\n"
            "        host(request.options).delete_model(f'plan-{id(request)}')\n" + UPLOADED
        },
    ),
    Fault(
        name="finds_names_out_late",
        noticed_by="test_names_work_or_are_refused",
        target={
            TAKE: TAKE + '                if "_" in request.name:\n'
            '                    raise DeployError("the host takes no _", code="rejected")\n'
        },
    ),
    Fault(
        name="refuses_without_a_hint",
        noticed_by="test_refused_names_are_refused",
        target={'hint="leave out the point in the name"': "hint=None"},
    ),
    Fault(
        name="forgets_the_digest",
        noticed_by="test_create_is_ready",
        target={'digest=serving["tags"].get("digest")': "digest=None"},
    ),
    Fault(
        name="answers_something_else",
        noticed_by="test_answers_as_the_model",
        target={"InvocationAnswer(body=body,": 'InvocationAnswer(body=body.replace(b"2", b"3"),'},
    ),
    Fault(
        name="updates_always",
        noticed_by="test_replan_is_empty",
        target={UPDATED: "is not None:\n"},
    ),
    Fault(name="tells_nothing", noticed_by="test_progress_is_told", target={TELL: ""}),
    Fault(
        name="writes_a_log",
        noticed_by="test_deploying_leaves_the_caller_alone",
        target={APPLY: APPLY + '        Path("deploy.log").touch()\n'},
    ),
    Fault(
        name="refers_to_the_callers_model",
        noticed_by="test_deployment_outlives_the_model_directory",
        target={
            NOTE: NOTE + '        "source": str(request.model_path),\n',
            ACCEPT: ACCEPT + "        found = host(options).endpoint(name)\n"
            '        if found and not Path(found["serving"]["source"]).exists():\n'
            '            raise DeployError("the model is gone", code="invocation_failed")\n',
        },
    ),
    Fault(
        name="remembers_in_process",
        noticed_by="test_another_process_sees_the_same",
        target={
            HEAD: HEAD + "DEPLOYED = set()\n",
            APPLY: APPLY + "        DEPLOYED.add(request.name)\n",
            LISTED: LISTED.replace('"absent")', '"absent" and each.name in DEPLOYED)'),
        },
        processes=True,
    ),
    Fault(
        name="keeps_the_old_model",
        noticed_by="test_update_serves_the_new_model",
        target={PUT: '            if step.action == "update":\n                return\n' + PUT},
    ),
    Fault(name="keeps_old_models", noticed_by="test_update_leaves_nothing_behind", target={STALE: ""}),
    Fault(
        name="overlooks_options",
        noticed_by="test_changed_option_is_an_update",
        target={
            '{"note": options.note, "copies": options.copies})': "{})",
            'found["serving"]) != wished:': 'found["serving"])["tags"] != wished["tags"]:',
        },
    ),
    Fault(
        name="drops_settings",
        noticed_by="test_update_keeps_the_options",
        target={
            PUT: '            lost = {"note"} if "model" in step.before else set()\n'
            "            sent = {key: value for key, value in settings_of(request).items() if key not in lost}\n"
            "            at.put_endpoint(name, sent)\n",
            'found["serving"] == wished:': '(found["serving"] or {}).get("tags") == wished["tags"]:',
            'found["serving"]) != wished:': 'found["serving"])["tags"] != wished["tags"]:',
        },
    ),
    Fault(
        name="leaves_a_gap",
        noticed_by="test_requests_are_answered_during_an_update",
        target={
            PUT: '            if step.action == "update":\n'
            "                found = at.endpoint(name)\n                at.delete_endpoint(name)\n"
            '                time.sleep(0.1)\n                at.put_endpoint(name, found["serving"])\n'
            "                at.endpoint(name)\n" + PUT
        },
        noticed_at_times_by=frozenset({"test_threads_that_deploy_at_once"}),
    ),
    Fault(
        name="has_one_code",
        noticed_by="test_failures_have_a_code",
        target={'"failed" if found["state"] == "failed" else "rolled_back"': '"failed"'},
    ),
    Fault(name="keeps_the_reason", noticed_by="test_failures_say_why", target={": {found['reason']}": ""}),
    Fault(
        name="leaves_what_failed",
        noticed_by="test_failed_create_leaves_nothing_behind",
        target={CLEAN: '        if found["state"] != "failed":\n    ' + CLEAN},
    ),
    Fault(
        name="never_forgives",
        noticed_by="test_failed_create_can_be_repeated",
        target={
            HEAD: HEAD + "FAILED = set()\n",
            FAILED: FAILED + "            FAILED.add(request.name)\n",
            APPLY: APPLY + "        if request.name in FAILED:\n"
            '            raise DeployError(f"{request.name} has failed", code="conflict")\n',
        },
    ),
    Fault(
        name="leaves_what_was_rolled_back",
        noticed_by="test_failed_update_leaves_the_old_one",
        target={CLEAN: '        if found["state"] == "failed":\n    ' + CLEAN},
    ),
    Fault(
        name="never_forgives_updates",
        noticed_by="test_failed_update_can_be_repeated",
        target={
            HEAD: HEAD + "FAILED = set()\n",
            FAILED: '        if found["state"] != "failed":\n            FAILED.add(request.name)\n' + FAILED,
            APPLY: APPLY + "        if request.name in FAILED:\n"
            '            raise DeployError(f"{request.name} has failed", code="conflict")\n',
        },
    ),
    Fault(
        name="shows_absent_endpoints",
        noticed_by="test_absent_is_a_state",
        target={'state="absent")\n': 'state="absent", endpoint="soundhost://")\n'},
    ),
    Fault(
        name="lists_less_of_each",
        noticed_by="test_list_shows_what_stands",
        target={
            LISTED: "            from dataclasses import replace\n\n"
            + LISTED.replace("(each for", "(replace(each, revision=None) for")
        },
    ),
    Fault(
        name="lists_everybodys",
        noticed_by="test_list_shows_ours_only",
        target={PAGE: PAGE.replace("self.get(name, options)", "deployment(name, host(options).endpoint(name))")},
    ),
    Fault(
        name="deletes_everybodys",
        noticed_by="test_what_is_not_ours_is_left_alone",
        target={DELETE: "        if at.endpoint(name):\n            at.delete_endpoint(name)\n"},
    ),
    Fault(
        name="lists_one_page",
        noticed_by="test_list_goes_on_after_a_page",
        target={LISTED: LISTED + "            after = None\n"},
    ),
    Fault(name="leaves_models", noticed_by="test_delete_removes_everything", target={DELETE_MODELS: ""}),
    Fault(
        name="deletes_once",
        noticed_by="test_second_delete_succeeds",
        target={
            HEAD: HEAD + "DELETED = set()\n",
            DELETE: "        if name in DELETED:\n"
            '            raise DeployError(f"{name} is deleted", code="not_deployed")\n'
            "        DELETED.add(name)\n" + DELETE,
        },
    ),
    Fault(
        name="reserves_deleted_names",
        noticed_by="test_deleted_name_is_free",
        target={
            HEAD: HEAD + "DELETED = set()\n",
            DELETE: DELETE + "            DELETED.add(name)\n",
            APPLY: APPLY + "        if request.name in DELETED:\n"
            '            raise DeployError(f"{request.name} is deleted", code="conflict")\n',
        },
    ),
    Fault(
        name="knows_json_only",
        noticed_by="test_media_types_are_passed_on",
        target={ACCEPT: '        accept = "application/json"\n'},
    ),
    Fault(
        name="answers_errors",
        noticed_by="test_refused_request_is_told",
        target={"if status != 200:": "if status == 500:"},
    ),
    Fault(name="asks_the_absent", noticed_by="test_absent_does_not_answer", target={ABSENT + ACCEPT: ACCEPT}),
    Fault(
        name="shows_first_lines",
        noticed_by="test_log_is_read",
        target={"[-query.lines :]": "[: query.lines]"},
    ),
    Fault(
        name="divides_by_hundred",
        noticed_by="test_traffic_is_divided",
        target={"traffic=share)": "traffic=share / 100)"},
    ),
    Fault(
        name="dates_documents",
        noticed_by="test_documents_are_exported",
        target={'{"name": request.name,': '{"name": request.name, "time": time.time_ns(),'},
    ),
    Fault(
        name="scores_again",
        noticed_by="test_batch_job_scores",
        target={UNSCORED + "            host": "        host"},
    ),
    Fault(
        name="ends_badly",
        noticed_by="test_serves_on_this_machine",
        target={"context.port), context.progress)": "context.port), context.progress) or 3"},
        processes=True,
    ),
    Fault(name="hides_a_verb", noticed_by="test_unsupported_is_said", suite="    has_logs = False\n"),
    Fault(
        name="plans_its_password",
        noticed_by="test_secrets_are_not_told",
        target={
            '{"digest": request.digest}))': '{"password": request.options.password.get_secret_value()}))',
        },
    ),
    Fault(
        name="logs_its_password",
        noticed_by="test_secrets_are_not_logged",
        target={APPLY: APPLY.replace("request.name", "request.options.password.get_secret_value()")},
    ),
    Fault(
        name="looks_and_leaps",
        noticed_by="test_threads_that_deploy_at_once",
        target={
            HEAD: HEAD + LOOK_FIRST,
            LOCK + STEPS: "        steps = look(self, request)\n        with LEAP:\n            for step in steps:\n",
        },
    ),
    Fault(
        name="locks_in_memory",
        noticed_by="test_processes_that_deploy_at_once",
        target={
            HEAD: HEAD + LOOK_AND_WAIT,
            LOCK + STEPS: "        with LOCK:\n            for step in look(self, request):\n",
        },
        processes=True,
    ),
    Fault(
        name="uploads_again",
        noticed_by="test_interrupted_create_goes_on",
        target={UPLOADED: UPLOADED.replace("if ", "if found is None or ")},
    ),
    Fault(
        name="cleans_up_in_process",
        noticed_by="test_killed_create_goes_on",
        target={
            UPLOADED: UPLOADED.replace("if ", "if found is None or "),
            TAKE + TELL: "                try:\n    " + TAKE + "    " + TELL + "                except BaseException:\n"
            "                    at = host(request.options)\n"
            "                    if at.endpoint(request.name) is None:\n"
            "                        for model in at.models(request.name):\n"
            "                            at.delete_model(model)\n"
            "                    raise\n",
        },
        processes=True,
    ),
    Fault(
        name="forgets_what_is_stale",
        noticed_by="test_interrupted_update_goes_on",
        target={STALE: "        if steps:\n    " + STALE},
    ),
    Fault(
        name="forgets_when_killed",
        noticed_by="test_killed_update_goes_on",
        target={
            STALE: "        if steps:\n    " + STALE,
            TAKE + TELL: "                try:\n    " + TAKE + "    " + TELL + "                except BaseException:\n"
            "                    at = host(request.options)\n"
            "                    found = at.endpoint(request.name)\n"
            "                    for model in at.models(request.name):\n"
            '                        if found and found["serving"]["model"] != model:\n'
            "                            at.delete_model(model)\n"
            "                    raise\n",
        },
        processes=True,
    ),
    Fault(
        name="deletes_by_the_endpoint",
        noticed_by="test_interrupted_create_is_deleted",
        target={DELETE + DELETE_MODELS: DELETE + NESTED_MODELS},
    ),
)
