"""Reads a file of messages: payments or rejects, one a line, not all of them valid."""

import base64
import re
from pathlib import Path

from local.billers_file import read_text
from local.wrong_use import WrongUse

_LARGEST_MESSAGE = 64 * 1024
# Queue messages travel in XML, which has no place for these.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_payments(path: Path, noun: str = "payment") -> list[str]:
    """The lines in their order, without blank ones; ``noun`` is what each is.

    Raises:
        WrongUse: the file cannot be read, has no line, or has one that is too long for a queue message.
    """
    # Only line feeds end a line: the text inside may hold any other separator.
    lines = [line for line in read_text(path).split("\n") if line.strip()]
    if not lines:
        raise WrongUse(f"{path} holds no {noun}.")
    for number, line in enumerate(lines):
        if len(queue_text(line, number).encode()) > _LARGEST_MESSAGE:
            raise WrongUse(f"{path}, message {number + 1}: it is longer than a queue message of 64 KiB can be.")
    return lines


def queue_text(line: str, number: int) -> str:
    """The line as it is enqueued: every other one in base64, since Invoice Cloud may send either."""
    if number % 2 or _NOT_IN_XML.search(line):
        return base64.b64encode(line.encode()).decode()
    return line
