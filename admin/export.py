"""What a region that is lost takes along and nobody else has: billers and key digests, kept in the audit's account."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Final

from admin import output
from admin.billers import yaml_file
from admin.session import at_stamp
from shared.vocabulary import events

if TYPE_CHECKING:
    from admin.stamp import Stamp

CHANGE: Final = "stamp.export"
"""What the audit calls it."""
COMPLETED: Final = "export.completed"
"""The event that it ends with; an alert looks for its absence."""
_FOLDER: Final = "exports"


def export() -> None:
    """Keep billers and key digests in the audit's account, where nobody can change them.

    Example: icadmin --stamp westus2.prod export
    """
    folder = at_stamp(kept)
    output.record("Kept", {"folder": folder})


async def kept(stamp: "Stamp") -> str:
    """Three blobs in a folder of this moment's, in names that sort by what is done with them.

    ``billers.json`` is read by ``biller import``, ``callback-keys.json`` says who had a key, and ``standing.json`` how
    far each biller was, which no import brings back.

    Returns:
        The folder's name, in the container of the audit's copies.

    Raises:
        Unavailable: a table or the account does not answer.
    """
    billers = sorted(await stamp.billers.all(), key=lambda each: each.biller_id)
    keys = sorted(await stamp.stores.callback_keys.all(), key=lambda each: each.digest)
    folder = folder_of(stamp.clock.now())
    counted = {"billers": len(billers), "callbackKeys": len(keys)}
    async with stamp.audit.change(CHANGE, stamp.address.name, after=counted | {"folder": folder}):
        await stamp.copies.keep(f"{folder}/billers", _text([yaml_file.settings(each) for each in billers]))
        rows = [each.model_dump(mode="json", exclude={"last_used_at"}) for each in keys]
        await stamp.copies.keep(f"{folder}/callback-keys", _text(rows))
        await stamp.copies.keep(f"{folder}/standing", _text([yaml_file.standing(each) for each in billers]))
    events.emit(COMPLETED, stamp=stamp.address.name, folder=folder, billers=len(billers), keys=len(keys))
    return folder


def folder_of(instant: datetime) -> str:
    """By its time, so that names sort by age; no two at once, for a blob that exists is taken for this one."""
    return f"{_FOLDER}/{instant:%Y-%m-%dT%H%M%S.%fZ}"


def _text(rows: list[dict[str, object]]) -> str:
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
