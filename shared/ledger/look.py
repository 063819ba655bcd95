"""One reading of a peer's list that showed an absence: what of it must be the same in the second."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """When it was made, for which attempt, and a digest of what it showed."""

    at: datetime
    attempt: int
    first: date
    """The first day that it asked for; the digest is of this day and later ones."""
    until: datetime
    """The digest is of what was made until then, by the list's own clock."""
    digest: str

    def written(self) -> str:
        """As text, for a row."""
        days = [self.at.isoformat(), self.first.isoformat(), self.until.isoformat()]
        return json.dumps([self.attempt, *days, self.digest])

    @classmethod
    def read(cls, text: str) -> Self:
        """From text as ``written`` gives it."""
        attempt, at, first, until, digest = json.loads(text)
        return cls(
            at=datetime.fromisoformat(at),
            attempt=attempt,
            first=date.fromisoformat(first),
            until=datetime.fromisoformat(until),
            digest=digest,
        )
