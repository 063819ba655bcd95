"""``name=value`` as ``biller set`` takes it: a dotted path into the record, and text."""

from collections.abc import Sequence
from copy import deepcopy
from types import MappingProxyType
from typing import Any, Final

from admin.billers.record import biller_of, shown
from admin.difference import flat
from admin.errors import WrongUse
from shared.billers.model import Biller, Mode

ELSEWHERE: Final = MappingProxyType(
    {
        "billerId": "a biller keeps its id; `biller copy` makes another",
        "goLiveAt": "`biller go-live` sets it",
        "paused": "use `biller pause` and `biller resume`",
        "passedCheck": "`biller check` sets it",
        "confirmed": "use `biller confirm`",
        "region": "`biller move` takes the ledger along",
    }
)
"""Fields that other commands change, because more than the record follows from them."""

_SETTABLE_MODES: Final = frozenset({Mode.DRAFT, Mode.TEST})


def assigned(biller: Biller, assignments: Sequence[str]) -> Biller:
    """The biller with these values; an empty value takes one away.

    Raises:
        WrongUse: an assignment without ``=``, an unknown field, a value that breaks its rule, or a field that another
            command changes.
    """
    record = deepcopy(shown(biller))
    for assignment in assignments:
        path, separator, value = assignment.partition("=")
        if not separator:
            raise WrongUse(f"{assignment}: write name=value, for example subdomain=newportor; name= takes it away.")
        _refuse_elsewhere(biller, path)
        _put(record, path.split("."), value.strip())
    after = biller_of(record, f"biller {biller.biller_id}")
    _refuse_unknown(after, assignments)
    _refuse_modes(biller, after)
    return after


def _refuse_elsewhere(biller: Biller, path: str) -> None:
    name = path.partition(".")[0]
    if name == "region" and biller.mode is Mode.DRAFT:
        return  # nothing is in the ledger yet
    if name in ELSEWHERE:
        raise WrongUse(f"{path} is not set here: {ELSEWHERE[name]}.")


def _put(record: dict[str, Any], path: list[str], value: str) -> None:
    place = record
    for name in path[:-1]:
        inner = place.setdefault(name, {})
        if not isinstance(inner, dict):
            raise WrongUse(f"{'.'.join(path)}: {name} is one value and has no fields.")
        place = inner
    if value:
        place[path[-1]] = value
    else:
        place.pop(path[-1], None)


def _refuse_unknown(after: Biller, assignments: Sequence[str]) -> None:
    """Unknown fields within a field are ignored by the record, and a slip of the pen must not be."""
    there = flat(shown(after))
    for assignment in assignments:
        path, _, value = assignment.partition("=")
        if value.strip() and not any(found == path or found.startswith(f"{path}.") for found in there):
            raise WrongUse(f"{path}: a biller has no such field.")


def _refuse_modes(before: Biller, after: Biller) -> None:
    if before.mode is not after.mode and not {before.mode, after.mode} <= _SETTABLE_MODES:
        raise WrongUse("mode is set to draft or test here; use `biller shadow`, `go-live` and `retire` for the others.")
