"""Finding the flavor of a model object from the modules that its classes come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.errors import PluginError
from modelpack.plugins.discovery import FLAVORS, MODEL_MODULES, distribution_fields
from modelpack.plugins.naming import listing, pip_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.plugins.discovery import Discovery, PluginRecord


def find_flavor(model: object, discovery: Discovery) -> str | None:
    """The flavor that claims the first module on the way up the model's classes.

    The order of classes decides before the length of a prefix does: an `XGBClassifier` is xgboost although it derives
    from scikit-learn's classes. Disabled flavors are passed over.

    Raises:
        PluginError: Several flavors claim the module, or the claim leads to no flavor.
    """
    for module in _module_prefixes(type(model)):
        flavors = _claimants(module, discovery)
        if len({record.name for record in flavors}) > 1:
            raise PluginError(
                f"several flavors save models of {module}: {'; '.join(str(record) for record in flavors)}",
                hint=f"say which: flavor={flavors[0].name!r}",
            )
        if flavors:
            return flavors[0].name
    return None


def unknown_model(model: object, discovery: Discovery) -> PluginError:
    """The error for a model that no installed flavor claims."""
    if isinstance(model, type):
        return PluginError(
            f"a model is an object, and {model.__qualname__} is a class", hint=f"save an instance: {model.__name__}(…)"
        )
    kind = type(model)
    library = kind.__module__.partition(".")[0]
    line = None if library in {"__main__", "builtins"} else pip_line("flavor", library)
    generic = "wrap the model in a modelpack.pyfunc.PythonModel, or name the flavor with flavor=…"
    return PluginError(
        f"no installed flavor saves a {kind.__module__}.{kind.__qualname__}; "
        f"installed flavors: {listing(discovery.points(FLAVORS))}",
        hint=generic if line is None else f"if {library} has a plugin, install it ({line}); otherwise {generic}",
    )


def _module_prefixes(kind: type) -> Iterator[str]:
    for base in kind.__mro__:
        parts = str(base.__module__).split(".")
        for length in range(len(parts), 0, -1):
            yield ".".join(parts[:length])


def _claimants(module: str, discovery: Discovery) -> list[PluginRecord]:
    claims = discovery.points(MODEL_MODULES).get(module, ())
    if not claims:
        return []
    flavors = discovery.records("flavor")
    values = {record.value for record in flavors}
    for claim in claims:
        if claim.value not in values:
            fields = distribution_fields(claim)
            raise PluginError(
                f"{fields.get('Name')} {fields.get('Version')} claims models of {module} for {claim.value!r}, "
                f"which is not the value of any entry point of {FLAVORS}",
                hint="reinstall that distribution, or report this to its authors",
            )
    claimed = {claim.value for claim in claims}
    return [record for record in flavors if record.value in claimed and not record.disabled]
