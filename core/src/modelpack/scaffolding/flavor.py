"""The package of a new flavor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.scaffolding.library import Library, named_library
from modelpack.scaffolding.names import checked_name
from modelpack.scaffolding.packages import NewPackage, core_versions, write_package

if TYPE_CHECKING:
    import os

    from modelpack.plugins.manager import PluginManager
    from modelpack.scaffolding.licences import Licence
    from modelpack.scaffolding.names import PluginName

_CLASS_CHECK = """\
        from {module} import {name}

        if not isinstance(model, {name}):
            raise WrongModelError("{flavor}", "{article} {name} of {module}", model)
"""
_LIBRARY_CHECK = """\
        if not _is_of_library(model):
            raise WrongModelError("{flavor}", "a model of {module}", model)
"""
_LIBRARY_CHECK_FUNCTION = '''

def _is_of_library(model: object) -> bool:
    """Whether a class of the model is one of {module}. YOURS: name the class of models."""
    modules = (kind.__module__ for kind in type(model).__mro__)
    return any(f"{{module}}.".startswith("{module}.") for module in modules)
'''
_STANDIN_ROW = "| `src/{module}/` | what stands in for your library: delete it in the end |\n"
_NO_TRUST = "Models are JSON: loading one runs no code from it, and needs no trust.\n"
_TRUST = (
    "Models are pickles: loading one runs code from it, so it has to be trusted. What you saved yourself is; for what\n"
    "somebody else saved, see `modelpack trust`.\n"
)


def new_flavor(
    name: str,
    directory: str | os.PathLike[str] | None = None,
    *,
    library: str | None = None,
    model_class: str | None = None,
    distribution: str | None = None,
    licence: Licence = "Apache-2.0",
    plugins: PluginManager,
) -> NewPackage:
    """Write the package of a new flavor.

    Without a library it saves the models of a small one that comes with it, and passes its conformance tests. With a
    library it pickles the library's models, and its tests lack a model to try.

    Args:
        name: The flavor's name, its key in `MLmodel`.
        directory: The directory to make; `modelpack-flavor-<name>`, here, if None.
        library: The module of the library.
        model_class: The class of its models, with its module.
        distribution: The distribution of the library, with versions or without.
        licence: What others may do with the package.
        plugins: What is installed.

    Raises:
        InvalidArgumentError: A name cannot be used.
        AlreadyExistsError: Something stands at the directory, or the name is taken.
    """
    chosen = checked_name("flavor", name, plugins)
    named = named_library(library, model_class, distribution)
    if named is None:
        values = _values(chosen, Library(f"{name}_centroids", chosen.distribution, ""), standin=True)
        return write_package(chosen, directory, licence, ("flavor", "standin"), values)
    values = _values(chosen, named, standin=False)
    return write_package(chosen, directory, licence, ("flavor", "library"), values)


def _values(name: PluginName, library: Library, *, standin: bool) -> dict[str, str]:
    dependencies = [f"modelpack-core[pandas]{core_versions()}", *filter(None, [library.requirement])]
    packages = [f"src/{name.package}", *[f"src/{library.module}"] * standin]
    check, function = ("", "") if standin else _check(name, library)
    return {
        "STANDIN": library.module,
        "subject": f"{name.name} models" if standin else f"Models of {library.module}",
        "file_name": "model.json" if standin else "model.pkl",
        "library": library.module,
        "library_key": f'"{library.module}"' if "." in library.module else library.module,
        "library_top": library.top,
        "library_distribution": library.distribution,
        "dependencies": "\n".join(f'  "{line}",' for line in dependencies),
        "packages": ", ".join(f'"{package}"' for package in packages),
        "untyped": '"pandas.*"' if standin else f'"pandas.*", "{library.top}.*"',
        "check": check,
        "check_function": function,
        "trust_section": _NO_TRUST if standin else _TRUST,
        "standin_row": _STANDIN_ROW.format(module=library.module) if standin else "",
    }


def _check(name: PluginName, library: Library) -> tuple[str, str]:
    """How the flavor tells the library's models from others: the lines of its hook, and a function."""
    if library.model_class is None:
        place = {"flavor": name.name, "module": library.module}
        return _LIBRARY_CHECK.format(**place), _LIBRARY_CHECK_FUNCTION.format(**place)
    module, _, kind = library.model_class.rpartition(".")
    article = "an" if kind[0].lower() in "aeiou" else "a"
    return _CLASS_CHECK.format(flavor=name.name, module=module, name=kind, article=article), ""
