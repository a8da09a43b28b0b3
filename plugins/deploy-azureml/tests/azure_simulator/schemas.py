"""Microsoft's ARM schemas, which every body that is written has to fit."""

from __future__ import annotations

import copy
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from azure_simulator.messages import Document, ServiceError
from azure_simulator.request_schemas import REQUESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from jsonschema import Draft4Validator
    from jsonschema.exceptions import ValidationError

    from azure_simulator.resources import Key

RESOURCES = "Microsoft.MachineLearningServices-2024-04-01.json"
COMMON = "common-definitions.json"
VERSION = "2024-04-01"
CLOSED = (
    "BatchDeploymentProperties",
    "BatchEndpointDefaults",
    "BatchEndpointProperties",
    "BatchRetrySettings",
    "BuildContext",
    "CodeConfiguration",
    "CodeVersionProperties",
    "ContainerResourceRequirements",
    "ContainerResourceSettings",
    "DeploymentResourceConfiguration",
    "EnvironmentVersionProperties",
    "InferenceContainerProperties",
    "ModelVersionProperties",
    "OnlineEndpointProperties",
    "OnlineRequestSettings",
    "ProbeSettings",
    "Route",
    "Sku",
)
"""Definitions that are no part of another one, so that an unknown field is a mistake."""
READ_ONLY = frozenset({"environmentType", "provisioningState", "scoringUri", "swaggerUri"})
"""What a document that was read has beside the fields that can be written."""


class Schemas:
    """What validates bodies; where the schemas are not at hand it finds nothing wrong."""

    def __init__(self, directory: Path) -> None:
        """Use the schemas in a directory, which may be absent."""
        self._directory = directory

    @property
    def are_at_hand(self) -> bool:
        """Whether bodies are validated."""
        return (self._directory / RESOURCES).is_file()

    def check_resource(self, key: Key, document: Document) -> None:
        """Refuse a body of a PUT that does not fit.

        Raises:
            ServiceError: It does not.
        """
        if not self.are_at_hand:
            return
        kind = "/".join(("Microsoft.MachineLearningServices/workspaces", *key[::2]))
        whole = {**_as_sent(_without_nulls(document)), "name": key[-1], "type": kind, "apiVersion": VERSION}
        self._check("_".join(("workspaces", *key[::2])), whole)

    def check_request(self, method: str, name: str, document: Document) -> None:
        """Refuse the body of a PATCH or a POST that does not fit."""
        from jsonschema import Draft4Validator

        schema = REQUESTS.get((method, name))
        if schema is not None:
            _refuse(list(Draft4Validator(schema).iter_errors(_without_nulls(document))))

    def _check(self, definition: str, document: Document) -> None:
        identifier = self._documents[RESOURCES]["id"]
        schema = {"$ref": f"{identifier}/resourceDefinitions/{definition}"}
        _refuse(list(self._validator.evolve(schema=schema).iter_errors(document)))

    @cached_property
    def _documents(self) -> dict[str, Any]:
        found = {name: json.loads((self._directory / name).read_text(encoding="utf-8")) for name in (RESOURCES, COMMON)}
        definitions = found[RESOURCES]["definitions"]
        for name in CLOSED:
            definitions[name]["additionalProperties"] = False
        for definition in definitions.values():
            _let_variants_have_fields(definition, definitions)
        return found

    @cached_property
    def _validator(self) -> Draft4Validator:
        from jsonschema import Draft4Validator, validators
        from referencing import Registry
        from referencing.jsonschema import DRAFT4

        pairs = [(each["id"].rstrip("#"), DRAFT4.create_resource(each)) for each in self._documents.values()]
        extend: Callable[..., type[Draft4Validator]] = validators.extend
        kind = extend(Draft4Validator, {"enum": _enum})
        return kind({}, registry=Registry().with_resources(pairs))


def _enum(_: object, values: list[Any], found: object, __: object) -> Iterator[ValidationError]:
    """Compare without regard to case, as Azure does: the SDK mixes it."""
    from jsonschema.exceptions import ValidationError

    if str(found).lower() not in [str(value).lower() for value in values]:
        yield ValidationError(f"{found!r} is not one of {values}")


def _let_variants_have_fields(definition: Document, definitions: Document) -> None:
    """Mend a kind with variants: the schema forbids in the whole what only a variant has."""
    base, *rest = definition.get("allOf", [{}])
    if not rest or base.get("additionalProperties") is not False:
        return
    for variant in rest[0].get("oneOf", ()):
        reference, chosen = variant["allOf"]
        fields = definitions[reference["$ref"].rpartition("/")[2]].get("properties", {})
        base["properties"] = {name: {} for name in fields} | base["properties"]
        for name, told in chosen["properties"].items():
            chosen["properties"][name] = {"enum": [told["const"]]} if "const" in told else told


def _refuse(errors: list[ValidationError]) -> None:
    if errors:
        details = tuple(_told(error) for error in errors)
        raise ServiceError(400, "ValidationError", f"The request is invalid: {details[0]}", details=details)


def _told(error: ValidationError) -> str:
    deepest = max(_leaves(error), key=lambda leaf: len(leaf.absolute_path))
    return f"{'.'.join(map(str, deepest.absolute_path)) or 'body'}: {deepest.message}"


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    inner = [each for each in error.context or () if "expression" not in map(str, each.absolute_schema_path)]
    if not inner:
        yield error
    for each in inner:
        yield from _leaves(each)


def _as_sent(document: Document) -> Document:
    """The body without what Azure passes over, and with the one number as text that the SDK puts among texts."""
    properties = {name: value for name, value in document.get("properties", {}).items() if name not in READ_ONLY}
    noted = properties.get("properties") or {}
    if "hash_version" in noted:
        properties["properties"] = {**noted, "hash_version": str(noted["hash_version"])}
    return {**document, **({"properties": properties} if "properties" in document else {})}


def _without_nulls(document: Document) -> Document:
    return {
        key: _without_nulls(value) if isinstance(value, dict) else copy.deepcopy(value)
        for key, value in document.items()
        if value is not None
    }
