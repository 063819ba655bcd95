"""Messages of the internal queue ``due``: one step of one entry."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from shared.ledger.entry import Entry, Key, Kind
from shared.ledger.store import Row
from shared.vocabulary import events


class Due(BaseModel):
    """Drive this entry, if it still stands at this version.

    ``reported``: its outcome went out with the message before this one; what is left is to close the open row.
    """

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,
        defer_build=True,  # built with the first step: most cold starts bring a payment
    )

    biller_id: str
    kind: Kind
    id: str
    version: int
    reported: bool = False

    @property
    def key(self) -> Key:
        """The entry it names."""
        return Key(self.biller_id, self.kind, self.id)


def due_of(entry: Entry, *, reported: bool = False) -> Due:
    """The message that drives an entry as it stands."""
    key = entry.key
    return Due(biller_id=key.biller, kind=key.kind, id=key.id, version=entry.version, reported=reported)


def readable_step(row: Row) -> Due | None:
    """The message that drives the entry of an open row; None, and an event, where a newer release wrote it."""
    values = row.values
    try:
        kind, version = Kind(str(values["kind"])), int(values["version"])
    except (KeyError, ValueError):
        events.emit("ledger.row_unreadable", events.ERROR, row=row.key)
        return None
    return Due(biller_id=str(values["biller"]), kind=kind, id=str(values["id"]), version=version)


def to_message(due: Due) -> str:
    """Plain JSON, as it lies in the queue."""
    return due.model_dump_json(by_alias=True)
