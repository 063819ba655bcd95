"""Children of this process: start one, wait until it is ready, end it.

A child says that it is ready with one line on standard output, ``ready {json}``; everything else goes to its log
file. The ready line may hold secrets: it stays in the pipe. No child outlives its parent (``local/leash.py``).
"""

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[1]
"""The repository's top folder: where ``python -m local...`` works."""

READY_WITHIN = 90.0
"""Seconds that a child may take to start; a second or two where nothing else runs."""

_LEASH = Path(__file__).with_name("leash.py")
_TAIL_BYTES = 4000
_TAIL_LINES = 15


class NotReady(Exception):
    """A child did not become ready; the text says why in words for a person."""


def announce_ready(**fields: object) -> None:
    """Tell the parent that this process is ready; later prints go to the log."""
    print("ready", json.dumps(fields), flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def bind_loopback(port: int, service: str) -> socket.socket:
    """A TCP socket on 127.0.0.1, bound and not yet listening; port 0 takes a free one.

    Raises:
        NotReady: the port is taken.
    """
    listener = socket.socket()
    # As servers do: a port whose last connections are still fading away is free.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        raise NotReady(f"Port {port} is taken: {service} cannot listen there.") from None
    return listener


class Child:
    """A running child process, in a session of its own so that Ctrl-C reaches only its parent.

    ``with`` ends it. Not for worker threads: see ``local/leash.py``.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
    ) -> None:
        """Start ``command``; ``env`` adds to this process's environment, ``log`` takes its standard error."""
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as sink:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=sink,
                text=True,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read_lines, name=f"{name}-stdout", daemon=True)
        self._reader.start()

    @classmethod
    def module(cls, name: str, module: str, *arguments: str, log: Path, env: Mapping[str, str] | None = None) -> Self:
        """Start ``python -m module arguments...`` in the repository's top folder."""
        return cls(name, [sys.executable, "-m", module, *arguments], log=log, env=env)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number when a signal ended it."""
        return self._process.poll()

    def wait_ready(self, seconds: float = READY_WITHIN) -> dict[str, Any]:
        """The fields of its ready line.

        Raises:
            NotReady: it ended first, or the time is up; it has been killed then.
        """
        fields: dict[str, Any] = json.loads(self.wait_line("ready ", seconds).removeprefix("ready "))
        return fields

    def wait_line(self, containing: str, seconds: float = READY_WITHIN) -> str:
        """The next line on its standard output that holds the text; lines before it are dropped.

        Raises:
            NotReady: it ended first, or the time is up; it has been killed then.
        """
        deadline = time.monotonic() + seconds
        while containing not in (line := self._next_line(deadline)):
            pass
        return line

    def stop(self, grace: float = 15) -> None:
        """End it: SIGTERM, and SIGKILL when it still runs after ``grace`` seconds. Does nothing when it has ended."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        self.kill()

    def kill(self) -> None:
        """End it at once, with everything in its process group. Does nothing when it has ended."""
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def log_tail(self) -> str:
        """The last lines of its log."""
        with self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _next_line(self, deadline: float) -> str:
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            self.kill()
            raise NotReady(f"{self.name} was not ready in time.\n{self.log_tail()}") from None
        if line is None:
            self.kill()
            raise NotReady(f"{self.name} ended before it was ready (exit code {self.exit_code}).\n{self.log_tail()}")
        return line

    def _read_lines(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)


class Service(ABC):
    """A child that others talk to. ``with`` waits until it is ready and ends it; so do the methods by themselves."""

    def __init__(self, child: Child) -> None:
        self._child = child

    def __enter__(self) -> Self:
        self.wait_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def wait_ready(self, seconds: float = READY_WITHIN) -> None:
        """Wait until it takes requests; its addresses are known from then on.

        Raises:
            NotReady: it ended first, or the time is up; it has been killed then.
        """

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        return self._child.exit_code

    def log_tail(self) -> str:
        return self._child.log_tail()

    def stop(self) -> None:
        """End it in good order, and by force when that takes too long."""
        self._child.stop()

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._child.kill()
