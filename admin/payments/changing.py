"""Changes to entries from the command line: shown with their total, asked for once, each in the audit."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from admin import output
from admin.confirm import confirm
from admin.errors import Declined, WrongUse
from admin.payments import lines
from shared.ledger.entry import Entry
from shared.repair.decision import NotAllowed
from shared.vocabulary.money import Money

if TYPE_CHECKING:
    from admin.stamp import Stamp

_PREVIEW: Final = 10

type Act = Callable[[Entry], Awaitable[Entry]]
"""What is done to one entry."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One entry, what is done to it, and what it becomes by that, for the audit."""

    entry: Entry
    act: Act
    after: Mapping[str, object]


async def change_each(stamp: "Stamp", what: str, chosen: Sequence[Chosen], why: str, *, yes: bool) -> None:
    """Show what is chosen with its total, ask once, change one after the other.

    Args:
        stamp: where they are.
        what: the command, for example ``payments.retry``.
        chosen: entries, and what is done to each of them.
        why: in the person's own words.
        yes: do not ask.

    Raises:
        Declined: nobody agreed, or some were refused; what was changed is listed.
        WrongUse: nothing is chosen.
    """
    if not chosen:
        raise WrongUse("Nothing that is held fits.")
    _preview([one.entry for one in chosen])
    total = Money(sum(one.entry.cents for one in chosen))
    confirm(f"{what}: {len(chosen)}, {total} in all?", yes=yes)
    changed: list[dict[str, object]] = []
    refused: list[dict[str, object]] = []
    with output.progress() as progress:
        for one in progress.track(chosen, description=what):
            try:
                changed.append(lines.line(await _recorded(stamp, what, one, why)))
            except NotAllowed as error:
                refused.append({"id": one.entry.key.id, "why": str(error)})
    tables = [output.table("Changed", changed)] if changed else []
    tables += [output.table("Refused", refused)] if refused else []
    output.show({"changed": changed, "refused": refused}, *tables)
    if refused:
        raise Declined(f"{len(refused)} of {len(chosen)} were refused; each says why.")


async def _recorded(stamp: "Stamp", what: str, one: Chosen, why: str) -> Entry:
    entry = one.entry
    before = {"state": str(entry.state), "cause": entry.reason, "version": entry.version}
    async with stamp.audit.change(what, str(entry.key), why=why, before=before, after=one.after):
        return await one.act(entry)


def _preview(chosen: Sequence[Entry]) -> None:
    shown = [lines.line(entry) for entry in chosen[:_PREVIEW]]
    for line in shown:
        output.warn("  ".join(output.cell(line[name]) for name in ("biller", "id", "amount", "day", "cause")))
    if len(chosen) > _PREVIEW:
        output.warn(f"... and {len(chosen) - _PREVIEW} more.")
