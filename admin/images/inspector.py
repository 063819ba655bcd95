"""The worker process, from outside: an image that crashes it, or keeps it busy too long, is unreadable."""

import asyncio
import base64
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from types import TracebackType
from typing import Final, Self

from admin.images.faults import Fault, Seen
from admin.options import ROOT

SECONDS: Final = 20.0
"""For one image."""
_LONGEST_ANSWER: Final = 4 * 1024 * 1024


class Inspector:
    """Looks into images, one after the other."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        """The process starts with the first image."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        await self._end()

    async def look(self, content: bytes, *, preview: bool) -> Seen:
        """What the image is."""
        if not content:
            return Seen(Fault.EMPTY)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._ask(content, preview=preview)
        except (TimeoutError, OSError, ValueError):
            await self._end()
            return Seen(Fault.UNREADABLE)

    async def _ask(self, content: bytes, *, preview: bool) -> Seen:
        process = self._process = self._process or await self._started()
        if process.stdin is None or process.stdout is None:
            raise OSError("the process has no pipes")
        process.stdin.write(b"%d %d\n" % (len(content), preview))
        process.stdin.write(content)
        await process.stdin.drain()
        told = json.loads(await process.stdout.readline())
        fault = Fault(told["fault"]) if told["fault"] else None
        return Seen(fault, told["pages"], base64.b64decode(told["preview"]))

    async def _started(self) -> Process:
        # Nothing of this process's environment is the decoders' business.
        environment = {"PYTHONPATH": str(ROOT), "PATH": os.defpath}
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "admin.images.worker"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=environment,
            limit=_LONGEST_ANSWER,
        )

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()
