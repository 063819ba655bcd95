"""The one-machine stack: ``python -m local demo | up | down | status | csm``."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from local.billers_file import read_billers
from local.payments_file import read_payments
from local.processes import ROOT, NotReady
from local.state_folder import StateFolder
from local.wrong_use import WrongUse
from shared.runtime.urls import checked_url
from shared.vocabulary.errors import Misconfigured

if TYPE_CHECKING:
    from local.stack import Stack

SAMPLES = ROOT / "local/samples"

_FAILED, _WRONG_USE, _INTERRUPTED = 1, 2, 130
_STOP_SECONDS = 30

app = typer.Typer(
    help="Invoice Cloud to Caselle on one machine: storage, vault, Caselle simulator and functions host.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Billers = Annotated[Path, typer.Option("--billers", metavar="FILE", help="Billers, a JSON list.")]
Payments = Annotated[Path, typer.Option("--payments", metavar="FILE", help="Messages, one a line.")]
State = Annotated[Path, typer.Option("--state", metavar="DIR", help="Where the stack keeps its files.")]
Region = Annotated[str | None, typer.Option("--region", metavar="NAME", help="Home stamp; default: all in the file.")]

_BILLERS = SAMPLES / "billers.json"
_PAYMENTS = SAMPLES / "payments.jsonl"
_STATE = ROOT / "local/.state"

_SEEN_AT_ONCE = {"BILLER_CACHE_SECONDS": "1", "KEY_CACHE_SECONDS": "1"}
"""A person who works at the stack sees what the command line changed."""


@app.command()
def demo(
    *,
    billers: Billers = _BILLERS,
    payments: Payments = _PAYMENTS,
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", metavar="FILE", help="Sent afterwards; with the sample payments, theirs."),
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE", help="Write a report, as JSON.")] = None,
    state: State = _STATE,
    region: Region = None,
) -> None:
    """Post a payments file, and check that ledger, results and peer agree."""
    _check_report(report)
    listed, lines, returned = read_billers(billers), read_payments(payments), _rejects(rejects, payments)
    from local.demo import run_demo  # noqa: PLC0415 - Azure's SDKs take two seconds, and a wrong option needs none
    from local.stack import Stack  # noqa: PLC0415 - as above

    try:
        with Stack(state, listed, lines, region=region, say=typer.echo) as stack:
            agreed = run_demo(stack, lines, report, returned)
    except KeyboardInterrupt:
        typer.echo("Stopped.")
        raise typer.Exit(_INTERRUPTED) from None
    if not agreed:
        raise typer.Exit(_FAILED)


@app.command()
def up(
    *,
    billers: Billers = _BILLERS,
    payments: Payments = _PAYMENTS,
    caselle_url: Annotated[
        str | None, typer.Option("--caselle-url", metavar="URL", help="A Caselle run by somebody else.")
    ] = None,
    token_url: Annotated[str | None, typer.Option("--token-url", metavar="URL", help="Its token endpoint.")] = None,
    show_keys: Annotated[bool, typer.Option("--show-keys", help="Print the callback keys.")] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Of the functions host; 0: a free one.")] = 0,
    state: State = _STATE,
    region: Region = None,
) -> None:
    """Start the stack and leave it running until Ctrl-C. The simulator knows the customers of the payments file."""
    _check_urls(caselle_url, token_url)
    listed, lines = read_billers(billers), read_payments(payments)
    from local.stack import Stack  # noqa: PLC0415 - as in demo

    stack = Stack(
        state,
        listed,
        lines,
        region=region,
        caselle_url=caselle_url,
        token_url=token_url,
        port=port,
        settings=_SEEN_AT_ONCE,
        say=typer.echo,
    )
    try:
        with stack:
            _introduce(stack, show_keys=show_keys)
            while True:
                stack.check()
                time.sleep(1)
    except KeyboardInterrupt:
        typer.echo("Stopped.")


@app.command()
def down(state: State = _STATE) -> None:
    """Stop the stack of the state folder."""
    folder = StateFolder(state)
    owner = folder.owner()
    if owner is None:
        typer.echo(f"No stack runs in {folder.path}.")
        return
    os.kill(owner, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while folder.owner() == owner:
        if time.monotonic() > deadline:
            os.kill(owner, signal.SIGKILL)  # its children end with it
            deadline += _STOP_SECONDS
        time.sleep(0.1)
    typer.echo("Stopped.")


@app.command()
def status(state: State = _STATE) -> None:
    """Say whether a stack runs, and where its parts are. Exit code 1 when none does."""
    folder = StateFolder(state)
    owner, stack = folder.owner(), folder.read()
    if owner is None:
        typer.echo(f"No stack runs in {folder.path}.")
        raise typer.Exit(_FAILED)
    if not stack:
        typer.echo(f"A stack is starting in {folder.path} (process {owner}).")
        return
    typer.echo(f"A stack runs in {folder.path} (process {owner}).")
    for name in ("functionsUrl", "vaultUrl", "caselleUrl", "tokenUrl", "controlUrl"):
        if stack.get(name):
            typer.echo(f"{name:<19} {stack[name]}")
    for biller, parts in stack["billers"].items():
        typer.echo(f"callback of {biller:<7} {_hidden(parts['callbackUrl'])}")


@app.command()
def csm(
    biller: Annotated[str, typer.Argument(help="The BID of a biller that is being set up.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the CSM's answer goes.")],
    state: State = _STATE,
) -> None:
    """Play the city's CSM at Caselle. Standard input: the callback URL with its key, as the mail to the CSM has it."""
    stack = StateFolder(state).read()
    if "controlUrl" not in stack:
        raise WrongUse(f"No stack with a Caselle simulator runs in {state}.")
    callback_url = sys.stdin.readline().strip()
    if not callback_url.startswith("http"):
        raise WrongUse("Standard input is the callback URL, with its key.")
    from local.csm import new_city, set_up, write_answer  # noqa: PLC0415 - as in demo

    city = new_city(biller, callback_url)
    values, secret = write_answer(out, city)
    asyncio.run(set_up(stack["controlUrl"], city))
    typer.echo(f"Caselle is configured and has delivered a token. Values: {values}; ClientSecret: {secret}.")


def _rejects(rejects: Path | None, payments: Path) -> list[str]:
    """The lines of a rejects file; the samples' only together with the payments that they return."""
    if rejects is None and payments != _PAYMENTS:
        return []
    return read_payments(rejects or SAMPLES / "ach_rejects.jsonl", "reject")


def _check_report(report: Path | None) -> None:
    """Told before the work rather than after it."""
    if report is not None and not report.absolute().parent.is_dir():
        raise WrongUse(f"There is no folder {report.parent} for the report.")
    if report is not None and report.is_dir():
        raise WrongUse(f"{report} is a folder: name a file for the report.")


def _check_urls(caselle_url: str | None, token_url: str | None) -> None:
    if token_url is not None and caselle_url is None:
        raise WrongUse("--token-url belongs to a Caselle that you name with --caselle-url.")
    for option, url in (("--caselle-url", caselle_url), ("--token-url", token_url)):
        try:
            if url is not None:
                checked_url(option, url, {urlsplit(url).hostname or ""}, allow_loopback=True)
        except (Misconfigured, ValueError):
            raise WrongUse(f"{option} {url} is not a plain https URL (http only on this machine).") from None


def _introduce(stack: "Stack", *, show_keys: bool) -> None:
    for biller, url in stack.callback_urls.items():
        typer.echo(f"callback of {biller:<7} {url if show_keys else _hidden(url)}")
    typer.echo("Ready. All addresses and keys are in stack.json of the state folder; Ctrl-C stops everything.")


def _hidden(callback_url: str) -> str:
    return f"{callback_url.partition('=')[0]}=***"


def _stop_like_ctrl_c() -> None:
    """SIGTERM and a closed terminal end the stack as Ctrl-C does, also in a background job that ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))


def _reach_this_machine_directly() -> None:
    """A proxy that the environment names cannot reach the stack's ports on 127.0.0.1."""
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1")))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 is success, 1 a failed demo, 2 wrong use."""
    _stop_like_ctrl_c()
    _reach_this_machine_directly()
    try:
        app(args=arguments, prog_name="python -m local")
    except (WrongUse, NotReady) as error:
        typer.echo(str(error), err=True)
        sys.exit(_WRONG_USE)


if __name__ == "__main__":
    main()
