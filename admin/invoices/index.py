"""What must be remembered of all lines at once: in a scratch database, so that memory does not grow with the file."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -32768;
CREATE TABLE invoice (number TEXT PRIMARY KEY, line INTEGER, content BLOB, lines INTEGER, differ INTEGER) WITHOUT ROWID;
CREATE TABLE customer (number TEXT PRIMARY KEY, answer TEXT) WITHOUT ROWID;
CREATE TABLE balance (customer TEXT, invoice TEXT, cents INTEGER, PRIMARY KEY (customer, invoice)) WITHOUT ROWID;
"""
_SEEN = """
INSERT INTO invoice VALUES (?, ?, ?, 1, 0) ON CONFLICT (number) DO UPDATE SET
lines = lines + 1, differ = differ OR content != excluded.content
"""
_SPREAD = "SELECT number FROM customer ORDER BY scatter(number) LIMIT ?"
_PAGE = "SELECT number FROM customer WHERE number > ? ORDER BY number LIMIT 500"


class Answer(StrEnum):
    """How Caselle knows a customer."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    CARRIES_FORWARD = "carries_forward"


@dataclass(frozen=True, slots=True)
class Repeated:
    """An invoice number on several lines."""

    first_line: int
    all_equal: bool


class Index:
    """Invoice numbers and customers of one file, and what Caselle says about them."""

    def __init__(self, path: Path) -> None:
        """A new file at ``path``."""
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.create_function("scatter", 1, _scatter, deterministic=True)
        self._database.executescript(_SCHEMA)

    def __enter__(self) -> Self:
        """Everything is one transaction that is never needed again."""
        self._database.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._database.close()

    def saw(self, number: str, line: int, cells: Iterable[str]) -> None:
        """A line with an invoice number."""
        self._database.execute(_SEEN, (_same(number), line, _digest(cells)))

    def repeated(self, number: str) -> Repeated | None:
        """Whether other lines have the number too."""
        found = self._database.execute(
            "SELECT line, differ FROM invoice WHERE number = ? AND lines > 1", (_same(number),)
        ).fetchone()
        return Repeated(found[0], all_equal=not found[1]) if found else None

    def saw_customer(self, number: str) -> None:
        """A line of a customer whose balances may be asked for."""
        self._database.execute("INSERT OR IGNORE INTO customer VALUES (?, NULL)", (number,))

    def customers(self, most: int | None) -> Iterator[str]:
        """All customers, or so many of them: the same ones whenever the file is the same."""
        if most is not None:
            yield from (number for (number,) in self._database.execute(_SPREAD, (most,)).fetchall())
            return
        last = ""
        while page := self._database.execute(_PAGE, (last,)).fetchall():
            yield from (number for (number,) in page)
            last = page[-1][0]

    def count_customers(self) -> int:
        """How many there are."""
        return int(self._database.execute("SELECT COUNT(*) FROM customer").fetchone()[0])

    def answer(self, customer: str, answer: Answer, balances: Mapping[str, int]) -> None:
        """What Caselle said about a customer, and its open invoices in cents."""
        self._database.execute("UPDATE customer SET answer = ? WHERE number = ?", (answer.value, customer))
        rows = [(customer, _same(invoice), cents) for invoice, cents in balances.items()]
        self._database.executemany("INSERT OR REPLACE INTO balance VALUES (?, ?, ?)", rows)

    def asked(self, customer: str) -> Answer | None:
        """What Caselle said about the customer; None where it was not asked or did not answer."""
        found = self._database.execute("SELECT answer FROM customer WHERE number = ?", (customer,)).fetchone()
        return Answer(found[0]) if found and found[0] else None

    def balance(self, customer: str, invoice: str) -> int | None:
        """Caselle's balance of one open invoice, in cents."""
        found = self._database.execute(
            "SELECT cents FROM balance WHERE customer = ? AND invoice = ?", (customer, _same(invoice))
        ).fetchone()
        return int(found[0]) if found else None


def _same(number: str) -> str:
    return number.casefold()


def _digest(cells: Iterable[str]) -> bytes:
    return hashlib.blake2b("\x1f".join(cells).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _scatter(number: str) -> bytes:
    return hashlib.blake2b(number.encode("utf-8", "surrogatepass"), digest_size=8).digest()
