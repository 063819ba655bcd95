"""The Azure command line, as this process runs it: every call is an argument list, never a shell's text."""

import json
import shutil
import subprocess
from typing import Any, Final

from admin.deploy.region import ROOT
from admin.errors import WrongUse

_LOGIN: Final = ("az login", "AADSTS", "InteractionRequired", "refresh token has expired")
_FORBIDDEN: Final = ("AuthorizationFailed", "Forbidden", "does not have authorization")


class Az:
    """Runs ``az``; what goes wrong ends in one sentence."""

    def __init__(self) -> None:
        """Find it.

        Raises:
            WrongUse: it is not installed.
        """
        program = shutil.which("az")
        if program is None:
            raise WrongUse("The Azure command line `az` is not installed: https://aka.ms/installazurecli tells how.")
        self._program = program

    def text(self, *arguments: str) -> str:
        """What the command prints, without the line's end.

        Raises:
            WrongUse: it failed.
        """
        done = self._run(arguments, capture_output=True)
        if done.returncode:
            raise WrongUse(_sentence(arguments, done.stderr))
        return done.stdout.rstrip("\r\n")

    def json(self, *arguments: str) -> Any:  # noqa: ANN401 - as JSON is
        """What the command prints as JSON; None where it prints nothing."""
        printed = self.text(*arguments, "--output", "json")
        return json.loads(printed) if printed else None

    def shown(self, *arguments: str) -> None:
        """Run it before the person's eyes.

        Raises:
            WrongUse: it failed; it has said why itself.
        """
        if self._run(arguments, capture_output=False).returncode:
            raise WrongUse(f"`az {' '.join(arguments[:3])}` failed; what it says stands above.")

    def _run(self, arguments: tuple[str, ...], *, capture_output: bool) -> subprocess.CompletedProcess[str]:
        command = [self._program, *arguments]
        return subprocess.run(command, check=False, capture_output=capture_output, text=True, cwd=ROOT)  # noqa: S603 - az itself


def _sentence(arguments: tuple[str, ...], error: str) -> str:
    command = f"`az {' '.join(arguments[:3])}`"
    if any(sign in error for sign in _LOGIN):
        return "You are not signed in to Azure: run `az login`, then this again."
    if any(sign in error for sign in _FORBIDDEN):
        return f"You may not do this: {command} was refused; docs/deploy.md says which roles it takes."
    lines = [line for line in error.splitlines() if line.strip()]
    return f"{command} failed: {lines[-1][:300] if lines else 'it gave no reason'}"
