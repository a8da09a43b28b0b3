from __future__ import annotations

import platform
from importlib.metadata import version

import modelpack.pyfunc


def test_the_default_environment_names_python_core_and_cloudpickle() -> None:
    """What a PythonModel needs at least, with the versions that are running (S40)."""
    environment = modelpack.pyfunc.get_default_conda_env()
    assert environment["name"] == "mlflow-env"
    assert environment["dependencies"][0] == f"python={platform.python_version()}"
    assert environment["dependencies"][-1] == {
        "pip": [f"modelpack-core=={modelpack.__version__}", f"cloudpickle=={version('cloudpickle')}"]
    }


def test_the_constant_is_made_anew_each_time() -> None:
    """Changing what one caller got changes nothing for the next (S51)."""
    modelpack.pyfunc.DEFAULT_CONDA_ENV["dependencies"].append("gcc")
    assert modelpack.pyfunc.get_default_conda_env() == modelpack.pyfunc.DEFAULT_CONDA_ENV
