"""``python -m admin.images.worker``: images on standard input, what they are on standard output.

It opens no file. A question is ``<size> <preview 0|1>`` on a line, then so many bytes; an answer is one line of JSON.
"""

import base64
import json
import sys
from contextlib import suppress
from typing import Final

from admin.images.look import look

MEMORY: Final = 1536 * 1024 * 1024
"""Bytes of address space; a decoder that wants more fails."""


def main() -> None:
    """Answer until standard input ends."""
    _limit_memory()
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    while line := questions.readline():
        size, preview = line.split()
        seen = look(questions.read(int(size)), preview=preview == b"1")
        told = {"fault": seen.fault, "pages": seen.pages, "preview": base64.b64encode(seen.preview).decode()}
        answers.write(json.dumps(told).encode() + b"\n")
        answers.flush()


def _limit_memory() -> None:
    with suppress(ImportError):  # not on Windows
        import resource  # noqa: PLC0415 - as said

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    main()
