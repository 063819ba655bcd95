"""``payments import-results``: after a region was lost, Invoice Cloud's record of what it was told stands again."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin import output
from admin.confirm import Yes, confirm
from admin.errors import WrongUse
from admin.payments.options import Why, reason_given
from admin.session import at_stamp
from shared.repair import witness
from shared.repair.witness import Told, Witness

if TYPE_CHECKING:
    from admin.stamp import Stamp


def import_results(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Results as Invoice Cloud read them, one a line.")],
    *,
    reason: Why = "",
    yes: Yes = False,
) -> None:
    """Take back what Invoice Cloud was told before a ledger was lost: final results stand, nothing is sent for them.

    For billers in recovery (`recoverBefore`). What had no final result is left to its message: Invoice Cloud enqueues
    it again, and Caselle is asked about it, or it is held. The file may be taken more than once.

    Example: icadmin --stamp eastus2.prod payments import-results results.jsonl --reason "westus2 is lost"
    """
    why = reason_given(reason)
    found, digest = _read(file)
    at_stamp(lambda stamp: _import(stamp, found, digest, why, yes=yes))


def _read(file: Path) -> tuple[Witness, str]:
    try:
        with file.open("rb") as lines:
            found = witness.read(lines)
            lines.seek(0)
            digest = hashlib.file_digest(lines, "sha256").hexdigest()
    except OSError as error:
        raise WrongUse(f"{file} cannot be read: {error.strerror}.") from None
    if found.wrong:
        raise WrongUse("\n".join([*found.wrong, "Nothing was changed."]))
    if not found.told:
        raise WrongUse(f"{file} has no result of a payment, reject or reversal.")
    return found, digest


async def _import(stamp: "Stamp", found: Witness, digest: str, why: str, *, yes: bool) -> None:
    final, left = list(found.final()), len(found.open())
    billers = sorted({told.key.biller for told in found.told.values()})
    lost_at = {biller_id: await _lost_at(stamp, biller_id) for biller_id in billers}
    for line in _counted(final, found):
        output.warn(line)
    confirm(f"Take back {len(final)} final results of {', '.join(billers)}?", yes=yes)
    counts: Counter[str] = Counter()
    after = {"sha256": digest, "final": len(final), "withoutFinalResult": left}
    async with stamp.audit.change("payments.import-results", ",".join(billers), why=why, after=after):
        with output.progress() as progress:
            for told in progress.track(final, description="payments.import-results"):
                became = await stamp.repair.take_back(told, lost_at[told.key.biller], stamp.decided(why))
                counts[str(became)] += 1
    output.record("Taken back", {**counts, "withoutFinalResult": left})


async def _lost_at(stamp: "Stamp", biller_id: str) -> datetime:
    """When its ledger was lost.

    Raises:
        WrongUse: it is not here, or not in recovery.
    """
    biller = await stamp.billers.get(biller_id)
    if biller is None:
        raise WrongUse(f"There is no biller {biller_id} here; `biller import` brings its record.")
    if biller.recover_before is None:
        raise WrongUse(
            f"Biller {biller_id} is not in recovery: `biller set {biller_id} recoverBefore=...` comes first."
        )
    return biller.recover_before


def _counted(final: Sequence[Told], found: Witness) -> list[str]:
    """By biller and kind, how many stand as what."""
    states = Counter((told.key.biller, str(told.key.kind), str(told.state)) for told in final)
    states.update((told.key.biller, str(told.key.kind), "without a final result") for told in found.open())
    return [f"biller {biller}, {kind}: {count} {was}" for (biller, kind, was), count in sorted(states.items())]
