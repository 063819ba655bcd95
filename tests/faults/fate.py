"""What becomes of one request on its way to a city and back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.faults.reading import Page, Reading

type Answer = tuple[int, bytes]
"""Status and body, as the city's server gives them."""

type Ending = Callable[[Answer], httpx.Response]
"""What the client sees of an answer: a response, perhaps a mangled one, or an exception of the transport."""


@dataclass
class Call:
    """One request, and what the weather does to it. ``reference``: of the receipt to be made, else None."""

    instance: str
    biller: str
    operation: str
    token: str
    variables: dict[str, Any] = field(repr=False)
    reference: str | None = None
    key: str | None = None
    """Of the entry that the call is made for."""
    attempt: int = 0
    """Of the entry behind it, when its first byte left."""
    never_left: Exception | None = None
    """Connecting fails so, after ``connecting`` seconds."""
    connecting: float = 0.02
    lands_after: float = 0.1
    """Seconds from the last byte to the server's work."""
    instead: Answer | None = None
    """Given without doing the work."""
    ignored: bool = False
    """The server never does the work, and gives no answer of its own."""
    ending: Ending | None = None
    readable: bool = False
    """The ending leaves in the answer what it says."""
    hangs: bool = False
    """The answer never comes."""
    late: float | None = None
    """Lands so many minutes after its attempt began."""
    cut_off: Exception | None = None
    """The client's connection fails so as soon as the request has left."""
    whim: int = 0
    """The plan's: what a city always does in one way or in the other goes by it."""
    reading: "Reading | None" = None
    """The question that it belongs to, where it asks for receipts, and the page that it brings."""
    page: "Page | None" = None

    @property
    def works(self) -> bool:
        """Whether the city's server does what it is asked."""
        return self.instead is None and not self.ignored and self.never_left is None

    @property
    def clean(self) -> bool:
        """Whether the city's own answer reaches the client whole."""
        return self.works and (self.ending is None or self.readable) and not self.hangs and self.cut_off is None


def plain(answer: Answer) -> httpx.Response:
    """An answer that arrives as it was given."""
    status, body = answer
    return httpx.Response(status, headers={"Content-Type": "application/json"}, content=body)
