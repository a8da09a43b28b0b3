"""The deliberate faults, each with the one check that has to notice it."""

from __future__ import annotations

from dataclasses import dataclass, field

IMPORT = "        import soundlib\n\n"
SAVE = '        model.write(context.path / "model.json")\n'
SAVED = "        return SoundConf(version=soundlib.__version__)\n"
COMPARE = '        context.check_version("soundlib", context.conf.version)\n'
LOAD = "        return soundlib.SoundModel.read(context.file(context.conf.data))\n"
KEEP = "        self._model = model\n"
TAKES = "        self.takes_arrays = list(names) == list(model.weights)\n"
PREDICT = "        return self._model.predict(data, **(params or {}))\n"
FLAVOR = "class SoundFlavor(Flavor[PluginOptions, SoundConf]):\n"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        name: The name of the flavor that has it.
        noticed_by: The check that fails.
        flavor: Replacements in the text of the sound flavor.
        claims: Whether the plugin claims its library's models.
        inputs: What the case is given: `array` or `frame`.
        recorded: Whether there is a recorded model of an old release.
        suite: More lines of the test class.
        metadata: What the plugin's distribution says of itself.
        noticed_at_times_by: Checks that fail too when two things happen at the wrong moment.
    """

    name: str
    noticed_by: str
    flavor: dict[str, str] = field(default_factory=dict)
    claims: bool = True
    inputs: str = "array"
    recorded: bool = False
    suite: str = ""
    metadata: str = "Summary: Saves models.\nLicense-Expression: MIT\nRequires-Dist: modelpack-core\n"
    noticed_at_times_by: frozenset[str] = frozenset()


FAULTS = (
    Fault(
        name="forgets_hookimpl",
        noticed_by="test_plugin_is_valid",
        flavor={"    @hookimpl\n    def modelpack_load_model": "    def modelpack_load_model"},
    ),
    Fault(
        name="misspells_argument",
        noticed_by="test_plugin_is_valid",
        flavor={"modelpack_load_model(self, context": "modelpack_load_model(self, contxt"},
    ),
    Fault(
        name="imports_library_at_once",
        noticed_by="test_plugin_imports_no_library",
        flavor={FLAVOR: "import soundlib\n\n\n" + FLAVOR},
    ),
    Fault(name="is_not_found", noticed_by="test_flavor_is_found_from_the_model", claims=False),
    Fault(
        name="hides_missing_library",
        noticed_by="test_missing_library_is_named",
        flavor={
            IMPORT + COMPARE: "        try:\n            import soundlib\n        except ImportError as error:\n"
            '            raise InvalidArgumentError("this does not work here") from error\n' + COMPARE
        },
    ),
    Fault(
        name="answers_none",
        noticed_by="test_saves_a_valid_model",
        flavor={SAVED: ""},
    ),
    Fault(
        name="answers_odd_values",
        noticed_by="test_saves_a_valid_model",
        flavor={SAVED: "        return SoundConf(version=soundlib.__version__, weights=set(model.weights))\n"},
    ),
    Fault(
        name="has_no_generic_view",
        noticed_by="test_saves_a_valid_model",
        flavor={'    loader_modules = ("mlflow.sound",)\n': ""},
    ),
    Fault(
        name="writes_beside",
        noticed_by="test_writes_into_its_directory_only",
        flavor={SAVE: SAVE + '        open("soundlib.log", "w").close()\n'},
    ),
    Fault(
        name="names_user",
        noticed_by="test_files_name_no_place_and_no_user",
        flavor={
            SAVED: "        import getpass\n\n"
            "        return SoundConf(version=soundlib.__version__, author=getpass.getuser())\n"
        },
    ),
    Fault(
        name="differs_every_time",
        noticed_by="test_two_saves_are_equal",
        flavor={
            SAVED: "        import uuid\n\n"
            "        return SoundConf(version=soundlib.__version__, token=uuid.uuid4().hex)\n"
        },
    ),
    Fault(
        name="accepts_anything",
        noticed_by="test_wrong_models_are_refused",
        flavor={"if not isinstance(model, soundlib.SoundModel):": "if model is None:"},
    ),
    Fault(
        name="requires_nothing",
        noticed_by="test_requirements_pin_the_library",
        flavor={'        return ["soundlib"]\n': "        return []\n"},
    ),
    Fault(
        name="pins_what_is_not_here",
        noticed_by="test_requirements_are_met_here",
        flavor={'        return ["soundlib"]\n': '        return ["soundlib", "soundlib-native==1.0"]\n'},
    ),
    Fault(
        name="swallows_options",
        noticed_by="test_unknown_options_are_refused",
        flavor={
            FLAVOR: 'class SoundOptions(PluginOptions, extra="allow"):\n    pass\n\n\n' + FLAVOR,
            "    options_type = PluginOptions\n": "    options_type = SoundOptions\n",
        },
    ),
    Fault(
        name="changes_the_model",
        noticed_by="test_saving_leaves_the_model_as_it_is",
        flavor={SAVE: SAVE + "        model.bias += 1.0\n"},
    ),
    Fault(
        name="loads_what_it_cannot_save",
        noticed_by="test_loaded_model_is_saved_again",
        flavor={
            LOAD: "        from types import MappingProxyType\n\n"
            + LOAD.replace("return", "model =")
            + "        model.weights = MappingProxyType(model.weights)\n        return model\n"
        },
    ),
    Fault(
        name="adapts_loaded_models_only",
        noticed_by="test_saves_with_an_input_example",
        flavor={
            LOAD: LOAD.replace("return", "model =") + "        model.scale = 1.0\n        return model\n",
            PREDICT: PREDICT.replace("(params or {})", '{"scale": self._model.scale, **(params or {})}'),
        },
    ),
    Fault(
        name="is_not_described",
        noticed_by="test_distribution_says_what_it_is",
        metadata="Summary: Saves models.\n",
    ),
    Fault(
        name="keeps_an_absolute_path",
        noticed_by="test_conf_paths_are_relative",
        flavor={SAVED: '        return SoundConf(version=soundlib.__version__, source="/opt/soundlib/models")\n'},
    ),
    Fault(
        name="leaves_a_file",
        noticed_by="test_no_file_is_left_over",
        flavor={SAVE: SAVE + '        (context.path / "model.json.bak").touch()\n'},
    ),
    Fault(
        name="forbids_keys",
        noticed_by="test_unknown_keys_of_the_conf_are_kept",
        flavor={"class SoundConf(FlavorConf):": 'class SoundConf(FlavorConf, extra="forbid"):'},
    ),
    Fault(
        name="has_a_policy_of_its_own",
        noticed_by="test_version_policy_is_the_callers",
        flavor={
            COMPARE: "        if context.conf.version not in {None, soundlib.__version__}:\n"
            '            raise InvalidArgumentError(f"soundlib {context.conf.version} wrote this")\n'
        },
    ),
    Fault(
        name="needs_a_version",
        noticed_by="test_conf_without_version_is_read",
        flavor={COMPARE: COMPARE + '        int(context.conf.version.partition(".")[0])\n'},
    ),
    Fault(name="ignores_versions", noticed_by="test_version_is_recorded_and_compared", flavor={COMPARE: ""}),
    Fault(
        name="keeps_bias_in_process",
        noticed_by="test_loads_in_a_fresh_interpreter",
        flavor={
            FLAVOR: "_BIAS = []\n\n\n" + FLAVOR,
            SAVE: "        _BIAS.append(model.bias)\n        soundlib.SoundModel(model.weights, 0.0)"
            '.write(context.path / "model.json")\n',
            LOAD: "        model = soundlib.SoundModel.read(context.file(context.conf.data))\n"
            "        model.bias += sum(_BIAS[:1])\n        return model\n",
        },
    ),
    Fault(
        name="keeps_scale_in_process",
        noticed_by="test_pyfunc_loads_in_a_fresh_interpreter",
        flavor={
            FLAVOR: "_KEPT = {}\n\n\n" + FLAVOR,
            SAVE: SAVE + '        _KEPT["scale"] = 1.0\n',
            PREDICT: PREDICT.replace("(params or {})", '({"scale": _KEPT["scale"]} | (params or {}))'),
        },
    ),
    Fault(
        name="takes_ascii_paths_only",
        noticed_by="test_loads_from_another_place",
        flavor={LOAD: '        str(context.path).encode("ascii")\n' + LOAD},
    ),
    Fault(
        name="swallows_damage",
        noticed_by="test_cut_off_files_are_noticed",
        flavor={
            LOAD: "        path = context.file(context.conf.data)\n        try:\n"
            "            return soundlib.SoundModel.read(path)\n        except Exception:\n"
            '            return soundlib.SoundModel({"x": 0.0}, 0.0)\n'
        },
    ),
    Fault(
        name="hides_missing_file",
        noticed_by="test_missing_files_are_named",
        flavor={
            LOAD: "        try:\n    " + LOAD + "        except InvalidModelError as error:\n"
            '            raise InvalidModelError("the model is broken") from error\n',
            "InvalidArgumentError\n": "InvalidArgumentError, InvalidModelError\n",
        },
    ),
    Fault(
        name="joins_paths",
        noticed_by="test_paths_that_leave_the_model_are_refused",
        flavor={LOAD: LOAD.replace("context.file(context.conf.data)", "context.path / context.conf.data")},
    ),
    Fault(
        name="locks_beside_its_file",
        noticed_by="test_loading_leaves_the_model_as_it_is",
        flavor={
            LOAD: '        lock = context.path / "model.lock"\n        lock.touch()\n'
            "        lock.unlink(missing_ok=True)\n" + LOAD,
        },
        noticed_at_times_by=frozenset({"test_loads_in_several_threads_at_once"}),
    ),
    Fault(
        name="writes_a_log",
        noticed_by="test_loading_leaves_the_working_directory_alone",
        flavor={PREDICT: '        open("soundlib.log", "a").close()\n' + PREDICT},
    ),
    Fault(
        name="chatters",
        noticed_by="test_loading_is_silent",
        flavor={LOAD: '        print("loading a model of soundlib")\n' + LOAD},
    ),
    Fault(
        name="keeps_a_thread",
        noticed_by="test_loading_lets_the_process_end",
        flavor={
            LOAD: "        import threading, time\n\n        threading.Thread(target=time.sleep, args=(3,)).start()\n"
            + LOAD
        },
    ),
    Fault(
        name="predicts_in_a_thread",
        noticed_by="test_fork_safe_is_true",
        flavor={
            KEEP: KEEP + "        from concurrent.futures import ThreadPoolExecutor\n\n"
            "        self._pool = ThreadPoolExecutor(1)\n        self._pool.submit(int).result()\n",
            PREDICT: "        return self._pool.submit(self._model.predict, data, **(params or {})).result()\n",
        },
    ),
    Fault(
        name="keeps_its_file_open",
        noticed_by="test_loads_in_several_threads_at_once",
        flavor={
            LOAD: "        import json, time\n\n        self.path = context.file(context.conf.data)\n"
            '        self.file = self.path.open(encoding="utf-8")\n        time.sleep(0.01)\n'
            "        with self.file:\n            return soundlib.SoundModel(**json.load(self.file))\n"
        },
    ),
    Fault(
        name="caches_models",
        noticed_by="test_loads_are_independent",
        flavor={
            FLAVOR: "_LOADED = {}\n\n\n" + FLAVOR,
            LOAD: "        path = context.file(context.conf.data)\n        if path not in _LOADED:\n"
            "            _LOADED[path] = soundlib.SoundModel.read(path)\n        return _LOADED[path]\n",
        },
    ),
    Fault(
        name="judges_by_the_library",
        noticed_by="test_facts_need_no_library",
        flavor={"        return None\n": "        import soundlib\n\n        return None if soundlib else None\n"},
    ),
    Fault(
        name="unpickles_silently",
        noticed_by="test_executes_code_is_true",
        flavor={
            SAVE: '        import pickle\n\n        (context.path / "model.json").write_bytes(pickle.dumps(model))\n',
            LOAD: "        import pickle\n\n"
            "        return pickle.loads(context.file(context.conf.data).read_bytes())\n",
        },
    ),
    Fault(
        name="runs_code_of_the_model",
        noticed_by="test_executes_code_is_true",
        flavor={
            SAVE: SAVE + '        (context.path / "hello.py").write_text("", encoding="utf-8")\n',
            SAVED: '        return SoundConf(version=soundlib.__version__, code_file="hello.py")\n',
            LOAD: '        path = context.file("hello.py")\n'
            '        exec(compile(path.read_text(encoding="utf-8"), path, "exec"))\n' + LOAD,
        },
    ),
    Fault(
        name="cries_wolf",
        noticed_by="test_executes_code_is_true",
        flavor={"        return None\n": '        return "who knows"\n'},
    ),
    Fault(
        name="rounds",
        noticed_by="test_pyfunc_predicts_as_the_library",
        flavor={PREDICT: PREDICT.replace("params or {}))", "params or {})).round()")},
    ),
    Fault(
        name="answers_objects",
        noticed_by="test_predictions_keep_their_type",
        flavor={PREDICT: PREDICT.replace("params or {}))", "params or {})).astype(object)")},
    ),
    Fault(
        name="invents_a_row",
        noticed_by="test_no_rows",
        flavor={
            PREDICT: "        import numpy as np\n\n        if len(data) == 0:\n            return np.zeros(1)\n"
            + PREDICT
        },
    ),
    Fault(
        name="writes_and_takes_back",
        noticed_by="test_read_only_input_is_taken",
        flavor={PREDICT: "        data += 1.0\n        data -= 1.0\n" + PREDICT},
    ),
    Fault(
        name="reads_memory_by_itself",
        noticed_by="test_memory_layout_does_not_matter",
        flavor={
            PREDICT: "        import numpy as np\n\n"
            '        memory = np.frombuffer(data.tobytes(order="A"), dtype=data.dtype)\n'
            "        data = memory.reshape(data.shape)\n" + PREDICT
        },
    ),
    Fault(
        name="sorts_by_index",
        noticed_by="test_index_is_kept",
        flavor={TAKES: "", PREDICT: "        data = data.sort_index()\n" + PREDICT},
        inputs="frame",
    ),
    Fault(
        name="numbers_rows_anew",
        noticed_by="test_index_is_kept",
        flavor={
            TAKES: "",
            PREDICT: "        import pandas as pd\n\n" + PREDICT.replace("return ", "return pd.Series(")[:-1] + ")\n",
        },
        inputs="frame",
    ),
    Fault(
        name="takes_columns_by_position",
        noticed_by="test_columns_are_known_by_name",
        flavor={PREDICT: '        data = data.to_numpy() if hasattr(data, "columns") else data\n' + PREDICT},
        inputs="frame",
    ),
    Fault(
        name="takes_arrays_always",
        noticed_by="test_arrays_follow_the_signature",
        flavor={TAKES: "        self.takes_arrays = True\n"},
        inputs="frame",
    ),
    Fault(
        name="narrows_numbers",
        noticed_by="test_v2_answers_as_predict",
        flavor={PREDICT: PREDICT.replace("params or {}))", 'params or {})).astype("float32")')},
    ),
    Fault(
        name="answers_scalars",
        noticed_by="test_one_row_and_many",
        flavor={
            PREDICT: PREDICT.replace("return", "answer =")
            + "        return answer if len(answer) > 1 else float(answer[0])\n"
        },
    ),
    Fault(
        name="changes_input",
        noticed_by="test_input_is_left_unchanged",
        flavor={PREDICT: PREDICT.replace("return", "answer =") + "        data[:, 1] = 0.0\n        return answer\n"},
    ),
    Fault(
        name="remembers_input",
        noticed_by="test_threads_agree",
        flavor={
            PREDICT: "        import time\n\n        self._data = data\n        time.sleep(0.005)\n"
            + PREDICT.replace("(data,", "(self._data,")
        },
    ),
    Fault(
        name="ignores_params",
        noticed_by="test_params_reach_the_library",
        flavor={PREDICT: "        return self._model.predict(data)\n"},
    ),
    Fault(
        name="claims_arrays",
        noticed_by="test_array_is_answered_as_the_frame",
        flavor={
            PREDICT: PREDICT.replace("return", "answer =")
            + '        return data["x"] * 0.0 + answer if hasattr(data, "columns") else answer\n',
        },
        inputs="frame",
    ),
    Fault(
        name="needs_more_than_json",
        noticed_by="test_invocations_answer_as_predict",
        flavor={TAKES: "", PREDICT: '        assert data.attrs["unit"] == "m"\n' + PREDICT},
        inputs="frame",
    ),
    Fault(
        name="reads_no_old_model",
        noticed_by="test_reads_recorded_models",
        flavor={'    data: str = "model.json"\n': "    data: str\n", "SoundConf(v": 'SoundConf(data="model.json", v'},
        recorded=True,
    ),
    Fault(
        name="drops_a_check",
        noticed_by="test_no_check_is_overridden",
        suite="    def test_threads_agree(self):\n        pass\n",
    ),
    Fault(name="shows_no_case", noticed_by="test_declares_cases", suite="    cases = ()\n"),
)
