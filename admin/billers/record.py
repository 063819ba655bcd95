"""A biller's record as admins see and change it; each change is recorded, and none overwrites another's."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from pydantic import ValidationError

from admin import output
from admin.confirm import confirm
from admin.difference import difference
from admin.errors import WrongUse
from shared.billers.model import Biller
from shared.vocabulary import identity
from shared.vocabulary.errors import Malformed

if TYPE_CHECKING:
    from admin.stamp import Stamp

STATE: Final = frozenset(
    {"mode", "goLiveAt", "paused", "passedCheck", "confirmed", "features", "contractPasses", "firstFiles"}
)
"""What commands of their own change; no file brings it from one biller to another."""

_NOISE: Final = "Value error, "


def checked_id(text: str) -> str:
    try:
        return identity.biller_id(text)
    except Malformed as error:
        raise typer.BadParameter(f"{error}.") from None


BillerId = Annotated[
    str, typer.Argument(metavar="BILLER", help="The BID: 1 to 9 digits.", callback=checked_id, show_default=False)
]


async def known(stamp: "Stamp", biller_id: str) -> Biller:
    """The biller of that id.

    Raises:
        WrongUse: there is none, or there cannot be.
    """
    try:
        biller = await stamp.billers.get(identity.biller_id(biller_id))
    except Malformed as error:
        raise WrongUse(f"{biller_id}: {error}.") from None
    if biller is None:
        raise WrongUse(f"There is no biller {biller_id} here; `biller list` shows who is, `biller add` adds one.")
    return biller


async def change(stamp: "Stamp", what: str, before: Biller | None, after: Biller, *, why: str = "") -> None:
    """Write a record in the place of ``before`` (None: nothing), with its row in the audit.

    Raises:
        WrongUse: somebody else changed it in between; nothing was written.
    """
    was, becomes = difference(shown(before) if before else {}, shown(after))
    async with stamp.audit.change(what, after.biller_id, why=why, before=was, after=becomes):
        if not await stamp.billers.replace(after, before):
            raise WrongUse(f"Biller {after.biller_id} was changed by somebody else at this moment: look again.")


async def change_shown(
    stamp: "Stamp", what: str, pairs: Sequence[tuple[Biller | None, Biller]], why: str, *, yes: bool
) -> None:
    """Show what would change, ask once, change it; a pair is a record before (None: nothing) and after.

    Raises:
        Declined: nobody agreed; nothing was changed.
        WrongUse: somebody else changed one of them in between.
    """
    changing = [(before, after) for before, after in pairs if before != after]
    rows = [row for before, after in changing for row in _rows(before, after)]
    output.rows("Changes", rows, empty="Nothing to change.")
    if not changing:
        return
    confirm(f"Change {_named([after for _, after in changing])}?", yes=yes)
    for before, after in changing:
        await change(stamp, what, before, after, why=why)
    output.say("Done.")


def _rows(before: Biller | None, after: Biller) -> list[dict[str, Any]]:
    was, becomes = difference(shown(before) if before else {}, shown(after))
    return [{"biller": after.biller_id, "field": path, "was": was[path], "becomes": becomes[path]} for path in becomes]


def _named(billers: Sequence[Biller]) -> str:
    return f"biller {billers[0].biller_id} {billers[0].name}" if len(billers) == 1 else f"{len(billers)} billers"


def shown(biller: Biller) -> dict[str, Any]:
    """The record as JSON, in the names of the files and of ``biller set``; without what is not set."""
    record = biller.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {name: value for name, value in record.items() if value not in ({}, [])}


def biller_of(fields: Mapping[str, Any], source: str) -> Biller:
    """The biller in a record.

    Raises:
        WrongUse: naming ``source``, the field and the rule that it breaks.
    """
    strange = sorted(set(fields) - _NAMES)
    if strange:
        raise WrongUse(f"{source}: a biller has no field {strange[0]}. It has: {', '.join(sorted(_NAMES))}.")
    try:
        return Biller.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise WrongUse(f"{source}: {place}: {first['msg'].removeprefix(_NOISE)}.") from None


_NAMES: Final = frozenset(str(field.alias) for field in Biller.model_fields.values())
