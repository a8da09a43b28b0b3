"""Deploying through core's driver, to a target whose changes take time as one wishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import modelpack
from modelpack.deployments import plan
from modelpack.errors import DeployError, IntegrityError, InvalidArgumentError, ModelpackWarning, PluginError

if TYPE_CHECKING:
    from depot import Depot


def test_a_model_is_deployed(depot: Depot) -> None:
    """The answer says what stands, and the progress what was done and waited for."""
    where = depot.where(course=["pending", "pending", "updating"])
    deployment = modelpack.deploy(depot.model.path, name="wine", progress=depot.told.append, **where)
    assert (deployment.state, deployment.digest) == ("ready", depot.model.digest)
    assert depot.told == ["wrote record/wine", "wine is pending", "wine is updating"]


def test_the_same_again_changes_nothing(depot: Depot) -> None:
    """Nothing is applied a second time."""
    modelpack.deploy(depot.model.path, name="wine", **depot.where())
    again = modelpack.deploy(depot.model.path, name="wine", progress=depot.told.append, **depot.where(raises="bug"))
    assert again.state == "ready"
    assert depot.told == []


def test_what_is_not_ready_yet_is_waited_for(depot: Depot) -> None:
    """Whoever did not wait, or was stopped, waits with the same call again."""
    where = depot.where(course=["pending"] * 3)
    assert modelpack.deploy(depot.model.path, name="wine", wait=False, **where).state == "pending"
    assert modelpack.deploy(depot.model.path, name="wine", **where).state == "ready"


def test_a_plan_says_what_would_change(depot: Depot) -> None:
    """Beside what stands, and nothing is changed."""
    (create,) = plan(depot.model.path, name="wine", **depot.where()).steps
    assert (create.action, create.before) == ("create", {})
    assert not depot.directory.exists()
    modelpack.deploy(depot.model.path, name="wine", **depot.where())
    planned = plan(depot.other.path, name="wine", **depot.where(size=2))
    assert [step.action for step in planned.steps] == ["update"]
    assert planned.steps[0].before == {"size": 1, "digest": depot.model.digest}
    assert planned.steps[0].details == {"size": 2, "digest": depot.other.digest}


def test_an_error_of_the_check_stops_it(depot: Depot) -> None:
    """Before anything is changed."""
    with pytest.raises(DeployError, match="the name abc is too short") as caught:
        modelpack.deploy(depot.model.path, name="abc", **depot.where())
    assert (caught.value.code, caught.value.hint) == ("rejected", "four letters")
    assert not depot.directory.exists()


def test_a_warning_of_the_check_is_shown(depot: Depot) -> None:
    """And stops nothing."""
    with pytest.warns(ModelpackWarning, match="6 machines are dear"):
        deployment = modelpack.deploy(depot.model.path, name="wine", **depot.where(size=6))
    assert deployment.state == "ready"


@pytest.mark.parametrize("name", ["", "../wine", "-wine", "wine/2", "w" * 64, "wine\n", "wîne"])
def test_a_name_is_no_path_and_no_option(depot: Depot, name: str) -> None:
    """Such names reach no target."""
    with pytest.raises(InvalidArgumentError, match="cannot be the name of a deployment"):
        modelpack.deploy(depot.model.path, name=name, **depot.where())


def test_a_damaged_model_is_not_deployed(depot: Depot) -> None:
    """Its files are verified first."""
    (depot.model.path / "MLmodel").write_text("flavors: {}\n", encoding="utf-8")
    with pytest.raises(IntegrityError, match="MLmodel"):
        modelpack.deploy(depot.model.path, name="wine", **depot.where())
    assert not depot.directory.exists()


def test_an_unknown_option_is_named_with_the_nearest(depot: Depot) -> None:
    """A misspelt option never means a default."""
    with pytest.raises(InvalidArgumentError, match="there is no option 'sise'; did you mean 'size'"):
        modelpack.deploy(depot.model.path, name="wine", **depot.where(sise=2))


def test_a_failure_is_told_with_its_reason_and_undone(depot: Depot) -> None:
    """In the platform's words; what the change had made is gone."""
    where = depot.where(outcome="failed", course=["pending"])
    with pytest.raises(DeployError, match="deploying wine to depot failed: the paper tore") as caught:
        modelpack.deploy(depot.model.path, name="wine", progress=depot.told.append, **where)
    assert (caught.value.code, caught.value.left_behind) == ("failed", ())
    assert depot.told == ["wrote record/wine", "wine is failed: the paper tore", "looking back", "removed record/wine"]
    assert list(depot.directory.iterdir()) == []


def test_what_was_not_undone_is_left_behind(depot: Depot) -> None:
    """Where a target does not undo a change, the error says what is there."""
    where = depot.where(outcome="failed", motto="never look back")
    with pytest.raises(DeployError, match="the paper tore; left behind: wine") as caught:
        modelpack.deploy(depot.model.path, name="wine", **where)
    assert caught.value.left_behind == ("wine",)


def test_an_update_that_was_rolled_back_has_failed(depot: Depot) -> None:
    """That something serves is not enough: it is another model, and what the change has made is cleaned up."""
    modelpack.deploy(depot.model.path, name="wine", **depot.where())
    where = depot.where(outcome="rolled_back", course=["updating"])
    with pytest.raises(DeployError, match=r"the paper tore; what was there before serves on") as caught:
        modelpack.deploy(depot.other.path, name="wine", progress=depot.told.append, **where)
    assert caught.value.code == "rolled_back"
    assert depot.told[-1] == "looking back"


def test_a_change_that_has_succeeded_is_finished(depot: Depot) -> None:
    """Also by the call after one that was stopped before that."""
    where = depot.where(motto="well done")
    modelpack.deploy(depot.model.path, name="wine", wait=False, **where)
    assert depot.told == []
    modelpack.deploy(depot.model.path, name="wine", progress=depot.told.append, **where)
    assert depot.told == ["finished"]


def test_waiting_ends(depot: Depot) -> None:
    """The error says that the change may go on."""
    with pytest.raises(DeployError, match=r"wine is pending, and had not settled after 0\.05 s") as caught:
        modelpack.deploy(depot.model.path, name="wine", timeout=0.05, **depot.where(course=["pending"] * 1000))
    assert caught.value.code == "timeout"
    assert "the same command again waits on" in (caught.value.hint or "")


def test_a_platform_that_does_not_answer_is_asked_again(depot: Depot) -> None:
    """A dropped connection is no failure."""
    where = depot.where(course=["pending"] * 2, stumbles=3)
    deployment = modelpack.deploy(depot.model.path, name="wine", progress=depot.told.append, **where)
    assert deployment.state == "ready"
    assert depot.told == ["wrote record/wine", "the depot does not answer; trying again", "wine is pending"]


def test_a_platform_that_never_answers_is_given_up(depot: Depot) -> None:
    """Long before the time is over."""
    with pytest.raises(DeployError, match="the depot does not answer") as caught:
        modelpack.deploy(depot.model.path, name="wine", **depot.where(stumbles=100))
    assert caught.value.code == "unreachable"


def test_what_is_left_behind_is_said(depot: Depot) -> None:
    """In the message, and for programs."""
    with pytest.raises(DeployError, match="the depot is full; left behind: record/half") as caught:
        modelpack.deploy(depot.model.path, name="wine", **depot.where(raises="rejected"))
    assert caught.value.left_behind == ("record/half",)


def test_a_bug_of_a_target_names_its_distribution(depot: Depot) -> None:
    """What a target raises by mistake is put in words."""
    with pytest.raises(PluginError, match=r"depot.*could not apply the plan: RuntimeError: out of paper"):
        modelpack.deploy(depot.model.path, name="wine", **depot.where(raises="bug"))


def test_whoever_stops_is_told_how_to_go_on(depot: Depot) -> None:
    """The interrupt goes on as one, and the change does too."""

    def stop(line: str) -> None:
        if "pending" in line:
            raise KeyboardInterrupt

    where = depot.where(course=["pending"] * 3)
    with pytest.raises(KeyboardInterrupt) as caught:
        modelpack.deploy(depot.model.path, name="wine", progress=stop, **where)
    assert caught.value.__notes__ == ["stopped while deploying wine to depot; the same command again goes on"]
    assert modelpack.deploy(depot.model.path, name="wine", **where).state == "ready"
