"""The pages of a listing, filtered and sorted as asked."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from sagemaker_simulator.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sagemaker_simulator.calls import Params

_USUAL = 10
_TIMES = {
    "CreationTimeAfter": ("CreationTime", 1),
    "CreationTimeBefore": ("CreationTime", -1),
    "LastModifiedTimeAfter": ("LastModifiedTime", 1),
    "LastModifiedTimeBefore": ("LastModifiedTime", -1),
}


def page(kind: str, member: str, every: Iterable[Params], params: Params, largest: int) -> Params:
    """One page of summaries.

    Args:
        kind: What they are of, such as `Endpoint`: their names are `EndpointName` and `EndpointStatus`.
        member: What the list is called in the answer.
        every: The summaries of all.
        params: What was asked for.
        largest: The most that a page has.
    """
    found = sorted((each for each in every if _fits(kind, each, params)), key=lambda each: _key(kind, each, params))
    if params.get("SortOrder", "Descending") == "Descending":
        found.reverse()
    return slice_of(member, found, params, largest)


def slice_of(member: str, found: list[Params], params: Params, largest: int) -> Params:
    """The part of a list that a page has, with the token of the next."""
    start, size = _start(params.get("NextToken")), min(params.get("MaxResults", _USUAL), largest)
    following = {"NextToken": _token(start + size)} if start + size < len(found) else {}
    return {member: found[start : start + size], **following}


def _fits(kind: str, each: Params, params: Params) -> bool:
    if params.get("NameContains", "") not in each[f"{kind}Name"]:
        return False
    if params.get("StatusEquals") not in {None, each.get(f"{kind}Status")}:
        return False
    return all((each[time] - params[name]) * sign > 0 for name, (time, sign) in _TIMES.items() if name in params)


def _key(kind: str, each: Params, params: Params) -> tuple[Any, str]:
    name: str = each[f"{kind}Name"]
    by = params.get("SortBy", "CreationTime")
    return ("" if by == "Name" else each[f"{kind}Status" if by == "Status" else by], name)


def _token(start: int) -> str:
    return base64.b64encode(f"from:{start}".encode()).decode()


def _start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token).decode().removeprefix("from:"))
    except ValueError as error:
        raise invalid("Invalid NextToken.") from error
