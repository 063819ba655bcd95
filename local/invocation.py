"""What the host and its worker say to each other: functions, what they are called with, and what came of it.

They are two processes, joined by a socket. Neither needs the other's libraries for these words.
"""

import asyncio
import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

type Binding = Mapping[str, Any]

_LENGTH: Final = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Datum:
    """A value on its way: text, bytes, or for HTTP a dict of such; ``type`` as the worker library names it."""

    value: Any
    type: str | None


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the app: its trigger and, by parameter name (or ``$return``), its outputs."""

    name: str
    trigger: Binding
    outputs: Mapping[str, Binding]


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation; ``trigger`` is the value of the trigger's parameter."""

    invocation: str
    function: str
    trigger: Datum
    metadata: Mapping[str, Datum]


@dataclass(frozen=True, slots=True)
class Result:
    """What a function handed back: ``$return`` and its output parameters, those that were set."""

    invocation: str
    returned: Datum | None
    outputs: list[tuple[str, Datum]]


@dataclass(frozen=True, slots=True)
class Failure:
    """A function raised. The host logs all of it, as the platform does: what is secret must not be in there."""

    invocation: str
    error: str
    traceback: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The app does not load."""

    why: str


async def receive(reader: asyncio.StreamReader) -> Any:  # noqa: ANN401 - one of the classes above, or a list of functions
    """The next word of the other side.

    Raises:
        EOFError: there is none any more.
    """
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    return pickle.loads(await reader.readexactly(length))  # noqa: S301 - our own other half wrote it


def send(writer: asyncio.StreamWriter, word: object) -> None:
    """Hand a word over, without waiting until it has left."""
    content = pickle.dumps(word)
    writer.write(_LENGTH.pack(len(content)))
    writer.write(content)
