"""Every way in which a call to Caselle can end on the wire, and what must be made of it."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from shared.ledger.answer import Accepted, Ambiguous, NotSent, Refused, Scope
from shared.ledger.entry import State
from tests.faults import network_endings as ending
from tests.faults.fault_proxy import Behaviour, Door, FaultProxy, passes


@dataclass(frozen=True, slots=True)
class Shape:
    """One row of the table."""

    name: str
    fault: str
    """Its id in the catalogue of faults; empty where it has none."""
    happens: str
    processed: bool
    """Whether the peer has made the receipt."""
    answer: type[Accepted | NotSent | Refused | Ambiguous]
    act: Behaviour = passes
    scope: Scope | None = None
    """Of a refusal."""
    door: Door = Door.OPEN
    url: Callable[[FaultProxy], str] = lambda proxy: proxy.url
    connect_phase: bool = False
    """It fails before a byte of the request could leave."""
    slow_to_connect: bool = False
    """Only the time for connecting ends it."""
    endless: bool = False
    """Only the deadline ends it."""

    @property
    def ends_held(self) -> bool:
        """Whether its payment is for a person; one that was refused and is there all the same is posted."""
        return self.scope is Scope.ENTRY and not self.processed

    def __str__(self) -> str:
        return self.name


def _unconnected(name: str, fault: str, happens: str, **how: Any) -> Shape:
    return Shape(name, fault, happens, processed=False, answer=NotSent, connect_phase=True, **how)


def _unprocessed(name: str, fault: str, happens: str, act: Behaviour, **how: Any) -> Shape:
    return Shape(name, fault, happens, processed=False, answer=Ambiguous, act=act, **how)


def _processed(name: str, fault: str, happens: str, act: Behaviour, **how: Any) -> Shape:
    return Shape(name, fault, happens, processed=True, answer=Ambiguous, act=act, **how)


def _answered(name: str, fault: str, happens: str, act: Behaviour = passes) -> Shape:
    return Shape(name, fault, happens, processed=True, answer=Accepted, act=act)


def _executed(fields: dict[str, Any]) -> dict[str, Any]:
    return {"data": None, "errors": [ending.error("DB_TIMEOUT", "create_receipt")]}


def _without_data(fields: dict[str, Any]) -> dict[str, Any]:
    return {"errors": [ending.error("PERIOD_CLOSED")]}


def _unlisted(fields: dict[str, Any]) -> dict[str, Any]:
    return ending.NO_VALUE | {"errors": [ending.error("ERROR", "create_receipt")]}


def _inside(fields: dict[str, Any]) -> dict[str, Any]:
    return ending.NO_VALUE | {"errors": [ending.error("PERIOD_CLOSED", "create_receipt", "receipt_number")]}


def _with_errors_too(fields: dict[str, Any]) -> dict[str, Any]:
    return fields | {"errors": [ending.error("ERROR", "create_receipt", "memo")]}


_CLOSED: Final = ending.NO_VALUE | {"errors": [ending.error("PERIOD_CLOSED", "create_receipt")]}
_UNLICENSED: Final = {"errors": [ending.error("LICENSE_MISSING")]}
_IN_USE: Final = ending.NO_VALUE | {"errors": [ending.error("WORKSPACE_IN_USE", "create_receipt")]}
_TOKEN_REFUSED: Final = {"errors": [ending.error("UNAUTHENTICATED")]}

_REFUSALS: Final = (
    ("payment", "P14", Scope.ENTRY, "200 OK", _CLOSED),
    ("biller", "P17", Scope.BILLER, "403 Forbidden", _UNLICENSED),
    ("moment", "P25", Scope.MOMENT, "200 OK", _IN_USE),
)
_BOTH: Final = (("before", _unprocessed, ending.before), ("after", _processed, ending.after))

SHAPES: Final = (
    _unconnected("refused", "P1", "the port refuses the connection", door=Door.SHUT),
    _unconnected("no such name", "P2", "no name server knows the host", url=lambda proxy: proxy.url_of_nobody),
    _unconnected("wrong certificate", "P2", "nobody vouches for the certificate", url=lambda proxy: proxy.tls_url),
    _unconnected(
        "no TLS",
        "P2",
        "the port answers a TLS greeting with plain HTTP",
        act=ending.speaks_plain,
        url=lambda proxy: proxy.url_without_tls,
    ),
    _unconnected(
        "closes in the handshake",
        "P2",
        "accepted, and closed before TLS is up",
        act=ending.closes_unread,
        url=lambda proxy: proxy.url_without_tls,
    ),
    _unconnected("black hole", "P3", "no answer to a SYN: the backlog is full", door=Door.FULL, slow_to_connect=True),
    _unconnected(
        "silent handshake",
        "P3",
        "accepted, and not a byte of TLS comes back",
        act=ending.never_speaks,
        url=lambda proxy: proxy.url_without_tls,
        slow_to_connect=True,
    ),
    _unprocessed("closes unread", "P4", "accepted, and closed before anything is read", ending.closes_unread),
    _unprocessed("reads and hangs", "P5", "the request is swallowed, no answer", ending.reads_and_hangs, endless=True),
    _unprocessed("reads and closes", "P6", "the request is swallowed, then the end", ending.reads_and_closes),
    _unprocessed("reads and resets", "P7", "the request is swallowed, then a RST", ending.reads_and_resets),
    _processed("hangs", "P5", "no answer", ending.processed_then_hangs, endless=True),
    _processed("closes", "P6", "the end, without an answer", ending.processed_then_closes),
    _processed("resets", "P7", "a RST, without an answer", ending.processed_then_resets),
    _processed("half a head", "P8", "half of the answer's head, then the end", ending.half_a_head),
    _processed("half a body", "P8", "half of the answer's body, then the end", ending.half_a_body),
    _processed("bad chunk", "P8", "chunked, with a chunk of no length", ending.bad_chunk),
    _processed("drips", "P9", "a byte now and then, without end", ending.drips, endless=True),
    _processed("flood", "P10", "a good answer and 200 MB of blanks", ending.floods),
    _processed("html", "P11", "200, a web page", ending.after("200 OK", ending.HTML)),
    _processed("truncated json", "P11", "200, the answer without its last bytes", ending.truncated_json),
    _processed(
        "bad gzip", "P11", "200, said to be gzip and is not", ending.after("200 OK", b"x", "Content-Encoding: gzip")
    ),
    _processed("empty", "P11", "200, nothing", ending.after("200 OK")),
    _processed("a list", "P11", "200, JSON of another type", ending.after("200 OK", b"[]")),
    _processed("no content", "P11", "204", ending.after("204 No Content")),
    _unprocessed("html before", "P11", "200, a web page of something on the way", ending.before("200 OK", ending.HTML)),
    *(
        make(f"{status[:3]} {when}", "P12", f"{status}, from something on the way", act(status, ending.HTML))
        for status in ("500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout")
        for when, make, act in _BOTH
    ),
    _unprocessed("408", "", "408 Request Timeout", ending.before("408 Request Timeout")),
    _processed("409", "", "409 Conflict", ending.after("409 Conflict")),
    _unprocessed("307", "", "307 to another address; followed, it would send twice", ending.redirects),
    _answered("errors beside data", "P13", "a receipt number, and `errors`", ending.rewritten(_with_errors_too)),
    *(
        Shape(
            f"refused {what} {when}",
            fault,
            f"{status[:3]}, and a listed code that concerns the {what}",
            processed=when == "after",
            answer=Refused,
            act=act(status, ending.to_json(said)),
            scope=scope,
        )
        for what, fault, scope, status, said in _REFUSALS
        for when, _, act in _BOTH
    ),
    _processed("unlisted code", "P15", "200, null, and a code on no list", ending.rewritten(_unlisted)),
    _processed("error inside", "P15", "200, null, a listed code inside the result", ending.rewritten(_inside)),
    _processed("no data", "", "200, a listed code, no `data`: not for this code", ending.rewritten(_without_data)),
    _processed("null data", "P15", "200, null as `data`, the mutation's path", ending.rewritten(_executed)),
    *(
        make(
            f"token refused {when}",
            "P16",
            "401, and `UNAUTHENTICATED`",
            act("401 Unauthorized", ending.to_json(_TOKEN_REFUSED)),
        )
        for when, make, act in _BOTH
    ),
    *(
        make(f"{status.lower()} {when}", fault, f"{status}, without `data`", act(status))
        for status, fault in (
            ("401 Unauthorized", "P17"),
            ("403 Forbidden", "P17"),
            ("404 Not Found", ""),
            ("405 Method Not Allowed", ""),
            ("413 Content Too Large", ""),
            ("415 Unsupported Media Type", ""),
            ("429 Too Many Requests", "P18"),
        )
        for when, make, act in _BOTH
    ),
    _answered("slow", "", "a good answer in pieces, each a little late", ending.slow_but_fine),
    _answered("well", "", "a good answer"),
)

STATES: Final = MappingProxyType(
    {
        (Accepted, None): State.POSTED,
        (NotSent, None): State.RECEIVED,
        (Ambiguous, None): State.UNKNOWN,
        (Refused, Scope.ENTRY): State.HELD,
        **{(Refused, scope): State.UNKNOWN for scope in Scope if scope is not Scope.ENTRY},
    }
)
"""Where a payment stands after an answer, by class and scope, while no refusal has been shown to be one there."""
