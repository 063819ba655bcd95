"""The port to the ledger's table: rows in shards, changed by transactions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol

from shared.vocabulary.errors import CaselleError

ANY: Final = "*"
"""An etag that every version of a row matches."""

type Value = str | int | float | bytes
type Values = Mapping[str, Value]

NO_VALUES: Final[Values] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Row:
    """One stored row: its key within the shard, its values, and the etag of this version."""

    key: str
    values: Values
    etag: str


@dataclass(frozen=True, slots=True)
class Insert:
    """Fails with ``RowExists`` where the key is taken."""

    key: str
    values: Values


@dataclass(frozen=True, slots=True)
class Replace:
    """Fails with ``RowChanged`` where the row is gone or has another etag."""

    key: str
    values: Values
    etag: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Fails with ``RowChanged`` where the row is gone."""

    key: str


type Change = Insert | Replace | Delete


class RowExists(CaselleError):
    """An insert met its key; nothing of the transaction was written. ``key`` is the taken one."""

    def __init__(self, key: str) -> None:
        """Remember which row it was."""
        super().__init__(f"row {key} exists")
        self.key = key


class RowChanged(CaselleError):
    """A row is gone or was changed by somebody else; nothing of the transaction was written."""

    def __init__(self, key: str) -> None:
        """Remember which row it was."""
        super().__init__(f"row {key} has changed")
        self.key = key


class LedgerStore(Protocol):
    """A table: every method may raise ``Unavailable``; after ``commit`` that leaves open whether it was written."""

    def now(self) -> datetime:
        """The storage service's clock: the one by which all instances judge leases."""
        ...

    async def commit(self, shard: str, changes: Sequence[Change]) -> Mapping[str, str]:
        """All changes or none; the new etags by row key.

        Raises:
            RowExists: an insert's key is taken. The first failing change is the one named.
            RowChanged: a replaced or deleted row is gone or has another etag.
            Unavailable: no answer; the transaction may or may not have been written.
        """
        ...

    async def read(self, shard: str, key: str) -> Row | None:
        """One row, or None."""
        ...

    async def scan(
        self,
        shard: str,
        start: str,
        end: str,
        *,
        limit: int,
        only: Values | None = None,
        skip: Sequence[str] = (),
        fields: Sequence[str] = (),
    ) -> list[Row]:
        """Rows with ``start <= key < end`` in key order, at most ``limit``.

        ``only`` keeps rows with exactly these values; ``skip`` drops rows whose ``queue`` is one of these. ``fields``
        are the values that are wanted; where none is named, all are.
        """
        ...
