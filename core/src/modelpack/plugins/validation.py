"""Checking what stands behind an entry point, so that a plugin's author reads what is wrong and not what it led to."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from modelpack import hookspecs
from modelpack.errors import PluginError
from modelpack.interfaces import Engine, Flavor, FlavorConf, PluginOptions, Target
from modelpack.plugins.discovery import GROUPS
from modelpack.plugins.modules import ModuleEngine, ModuleFlavor, ModuleTarget
from modelpack.plugins.naming import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelpack.plugins.discovery import PluginRecord
    from modelpack.plugins.manager import Plugin

HOOKS = {
    "flavor": ("modelpack_save_model", "modelpack_load_model", "modelpack_pyfunc_adapt"),
    "target": ("modelpack_deploy",),
    "engine": ("modelpack_score_batch",),
}
ALL_HOOKS = tuple(hook for hooks in HOOKS.values() for hook in hooks)

_TYPES: dict[str, type[Flavor[Any, Any] | Target[Any] | Engine[Any]]] = {
    "flavor": Flavor,
    "target": Target,
    "engine": Engine,
}
_VERBS = ("plan", "get", "list", "delete", "invoke")
_HINT = "docs/hooks.md shows each hook with a complete example"
_MARKS = pluggy.PluginManager(hookspecs.PROJECT)


def checked_plugin(record: PluginRecord, loaded: object) -> Plugin:
    """Check what an entry point of a flavor, target or engine yielded.

    Returns:
        The object, or an adapter to the module.

    Raises:
        PluginError: With everything that is wrong with it.
    """
    reject_class(record, loaded)
    expected = _TYPES[record.kind]
    if not isinstance(loaded, ModuleType | expected):
        raise PluginError(
            f"{record} is a {type(loaded).__qualname__}, neither an instance of modelpack.{expected.__name__} "
            f"nor a module with its hooks",
            hint=f"an entry point of {GROUPS[record.kind]} refers to an instance of modelpack.{expected.__name__}",
        )
    reject(record, _hook_problems(loaded, HOOKS[record.kind]))
    plugin = _adapted(record, loaded) if isinstance(loaded, ModuleType) else loaded
    reject(record, _fact_problems(record, plugin))
    return plugin


def reject_class(record: PluginRecord, loaded: object) -> None:
    """Refuse a class where an instance is expected.

    Raises:
        PluginError: It is a class.
    """
    if inspect.isclass(loaded):
        raise PluginError(
            f"{record} is the class {loaded.__qualname__}, not an instance of it: forgot the ()?",
            hint=f"let the entry point refer to an instance, as in `{record.kind} = {loaded.__name__}()`",
        )


def reject(record: PluginRecord, problems: Iterator[str]) -> None:
    """Refuse a plugin with its problems, all in one message.

    Raises:
        PluginError: There are problems.
    """
    found = list(problems)
    if found:
        raise PluginError(f"{record} is not valid: {'; '.join(found)}", hint=_HINT)


def declared_hooks(plugin: object) -> Iterator[tuple[str, pluggy.HookimplOpts]]:
    """The attributes of a plugin that carry `@hookimpl`, with its options."""
    for name in dir(plugin):
        options = _MARKS.parse_hookimpl_opts(plugin, name)
        if options is not None:
            yield name, options


def unknown_hook_problems(plugin: object) -> Iterator[str]:
    """One sentence for each `@hookimpl` on a name that is no hook."""
    for name, options in declared_hooks(plugin):
        hook = options.get("specname") or name
        if hook not in ALL_HOOKS:
            meant = nearest(hook, ALL_HOOKS)
            yield f"{hook} is no hook" + (f"; did you mean {meant}?" if meant else "")


def argument_problems(hook: str, function: Callable[..., object]) -> Iterator[str]:
    """One sentence for each argument of a hook's function that the hook would not fill."""
    offered = hook_arguments(hook)
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            yield f"{hook} takes {str(parameter)!r}; name the arguments of the hook: {', '.join(offered)}"
        elif name not in offered:
            meant = nearest(name, offered)
            suggestion = f"; did you mean {meant!r}?" if meant else ""
            yield f"{hook} takes {name!r}, which is none of its arguments ({', '.join(offered)}){suggestion}"
        elif parameter.default is not parameter.empty:
            yield f"{hook} gives {name!r} a default value, which a hook's argument cannot have"


def hook_arguments(hook: str) -> tuple[str, ...]:
    """The names of the arguments that a hook offers; an implementation may leave some out."""
    return tuple(inspect.signature(getattr(hookspecs, hook)).parameters)


def _hook_problems(plugin: object, required: tuple[str, ...]) -> Iterator[str]:
    declared = dict(declared_hooks(plugin))
    for hook in required:
        function = getattr(plugin, hook, None)
        if function is None:
            yield f"the hook {hook} is missing"
        elif hook not in declared:
            yield f"{hook} has no @hookimpl, so it is no hook"
        elif declared[hook].get("wrapper") or declared[hook].get("hookwrapper"):
            yield f"{hook} is declared a wrapper; wrappers belong in a plugin of the group {GROUPS['wrapper']}"
        else:
            yield from argument_problems(hook, function)
    yield from unknown_hook_problems(plugin)


def _adapted(record: PluginRecord, module: ModuleType) -> ModuleFlavor | ModuleTarget | ModuleEngine:
    if record.kind == "flavor":
        return ModuleFlavor(module, record.name)
    if record.kind == "engine":
        return ModuleEngine(module, record.name)
    missing = (f"the function {verb} is missing" for verb in _VERBS if not callable(getattr(module, verb, None)))
    reject(record, missing)
    return ModuleTarget(module, record.name)


def _fact_problems(record: PluginRecord, plugin: Plugin) -> Iterator[str]:
    name = getattr(plugin, "name", None)
    if name != record.name:
        yield f"its name is {name!r}, and its entry point is called {record.name!r}"
    yield from _type_problems(plugin, "options_type", PluginOptions)
    if isinstance(plugin, Flavor):
        yield from _type_problems(plugin, "load_options_type", PluginOptions)
        yield from _type_problems(plugin, "conf_type", FlavorConf)
        yield from _names_problems(plugin, "loader_modules", "module names")
        yield from _names_problems(plugin, "system_packages", "names of Debian packages")


def _names_problems(plugin: object, attribute: str, expected: str) -> Iterator[str]:
    value = getattr(plugin, attribute)
    if not isinstance(value, tuple) or not all(isinstance(each, str) for each in value):
        yield f"its {attribute} is {value!r}, not a tuple of {expected}"


def _type_problems(plugin: object, attribute: str, base: type) -> Iterator[str]:
    value = getattr(plugin, attribute, None)
    if value is None:
        yield f"it has no {attribute}"
    elif not (inspect.isclass(value) and issubclass(value, base)):
        yield f"its {attribute} is {value!r}, not a subclass of modelpack.{base.__name__}"
