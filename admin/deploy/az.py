"""The Azure command line, as this process runs it: every call is an argument list, never a shell's text."""

import json
import shutil
import subprocess
from itertools import pairwise
from typing import Any, Final

from admin.deploy.region import ROOT
from admin.errors import WrongUse

_ASSERTION_ENDED: Final = "AADSTS700024"
_LOGIN: Final = ("az login", "AADSTS", "InteractionRequired", "refresh token has expired")
_FORBIDDEN: Final = ("AuthorizationFailed", "Forbidden", "does not have authorization")
_ANNOUNCED: Final = "Here is the traceback:"
"""How the command begins where an answer made it stumble; the line behind this one says over what."""
_SHOWN_WORDS: Final = 300


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
            WrongUse: it failed, or printed nothing where something was asked for.
        """
        printed = self._printed(arguments)
        if not printed and "--query" in arguments:
            raise WrongUse(f"{_named(arguments)} answered nothing to the query {_query(arguments)}.")
        return printed

    def json(self, *arguments: str) -> Any:  # noqa: ANN401 - as JSON is
        """What the command prints as JSON.

        Raises:
            WrongUse: it failed, printed no JSON, or found nothing to the query, which the sentence names.
        """
        found = self.json_or_nothing(*arguments)
        if found is None:
            raise WrongUse(f"{_named(arguments)} answered nothing to the query {_query(arguments)}.")
        return found

    def json_or_nothing(self, *arguments: str) -> Any:  # noqa: ANN401 - as JSON is
        """As ``json``; None where the query finds nothing."""
        printed = self._printed((*arguments, "--output", "json"))
        try:
            return json.loads(printed) if printed else None
        except (ValueError, RecursionError):
            raise WrongUse(f"{_named(arguments)} answered something that is no JSON: {_short(printed)}") from None

    def shown(self, *arguments: str) -> None:
        """Run it before the person's eyes.

        Raises:
            WrongUse: it failed; it has said why itself.
        """
        if self._run(arguments, capture_output=False).returncode:
            raise WrongUse(f"{_named(arguments)} failed; what it says stands above.")

    def _printed(self, arguments: tuple[str, ...]) -> str:
        done = self._run(arguments, capture_output=True)
        if done.returncode:
            raise WrongUse(_sentence(arguments, done.stderr))
        return done.stdout.rstrip("\r\n")

    def _run(self, arguments: tuple[str, ...], *, capture_output: bool) -> subprocess.CompletedProcess[str]:
        command = [self._program, *arguments]
        return subprocess.run(  # noqa: S603 - az itself
            command, check=False, capture_output=capture_output, text=True, errors="replace", cwd=ROOT
        )


def _named(arguments: tuple[str, ...]) -> str:
    return f"`az {' '.join(arguments[:3])}`"


def _query(arguments: tuple[str, ...]) -> str:
    asked = dict(pairwise(arguments))
    return asked.get("--query", "(none)")


def _sentence(arguments: tuple[str, ...], error: str) -> str:
    if _ASSERTION_ENDED in error:
        return "The pipeline's sign-in has ended: it lives five minutes; run this directly after the login."
    if any(sign in error for sign in _LOGIN):
        return "You are not signed in to Azure: run `az login`, then this again."
    if any(sign in error for sign in _FORBIDDEN):
        return f"You may not do this: {_named(arguments)} was refused; docs/deploy.md says which roles it takes."
    return f"{_named(arguments)} failed: {_short(_reason(error)) or 'it gave no reason'}"


def _reason(error: str) -> str:
    """The command says more than one line: warnings before, and help after the one that counts."""
    lines = [line for line in error.splitlines() if line.strip() and not line.endswith(_ANNOUNCED)]
    marked = [line for line in lines if line.startswith("ERROR:")]
    return marked[0] if marked else lines[-1] if lines else ""


def _short(words: str) -> str:
    return words.strip()[:_SHOWN_WORDS]
