"""The folder of one stack: who runs it (``stack.pid``), where its parts are (``stack.json``), data and logs."""

import fcntl
import os
import shutil
from pathlib import Path
from typing import Any

from local.private_files import read_json, write_private_json
from local.wrong_use import WrongUse

_OURS = ("azurite", "vault", "logs")


class StateFolder:
    """Owned by one process at a time: a lock on ``stack.pid`` says so, and ends with the process whatever happens."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.logs = self.path / "logs"
        self._pid_file = self.path / "stack.pid"
        self._stack_file = self.path / "stack.json"
        self._lock: int | None = None

    def claim(self) -> None:
        """Become the owner, and remove what an earlier stack left.

        Raises:
            WrongUse: another process owns it, or the folder holds something that is not ours to remove.
        """
        fresh = not self._pid_file.exists()
        if fresh and any((self.path / name).exists() for name in _OURS):
            raise WrongUse(f"{self.path} holds files of something else: name another folder with --state.")
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self._pid_file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise WrongUse(f"The folder {self.path} cannot be used: {error.strerror}.") from None
        if not _try_lock(self._lock):
            self._close()
            raise WrongUse(
                f"A stack already runs in {self.path} (process {self.owner()}). "
                f'Stop it with `make down ARGS="--state {self.path}"`, or name another folder with --state.'
            )
        self._remove_leftovers()
        os.ftruncate(self._lock, 0)
        os.write(self._lock, str(os.getpid()).encode())

    def release(self) -> None:
        """Let others have it; data and logs stay until the next claim. Does nothing when it is not ours."""
        if self._lock is not None:
            self._stack_file.unlink(missing_ok=True)
            os.ftruncate(self._lock, 0)
            self._close()

    def owner(self) -> int | None:
        """The process id of the running stack, or None."""
        try:
            descriptor = os.open(self._pid_file, os.O_RDWR)
        except OSError:
            return None
        try:
            text = os.read(descriptor, 32)
            return None if _try_lock(descriptor) or not text else int(text)
        finally:
            os.close(descriptor)

    def write(self, stack: dict[str, Any]) -> None:
        """Publish where the parts are; only this user can read it, for it holds keys."""
        write_private_json(self._stack_file, stack)

    def read(self) -> dict[str, Any]:
        """What ``write`` published; empty while the stack is starting or when there is none."""
        return read_json(self._stack_file)

    def _remove_leftovers(self) -> None:
        self._stack_file.unlink(missing_ok=True)
        for name in _OURS:
            shutil.rmtree(self.path / name, ignore_errors=True)

    def _close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _try_lock(descriptor: int) -> bool:
    """Take the file's lock, which ends with the descriptor; False when somebody else has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
