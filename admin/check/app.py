"""``icadmin biller check`` and ``confirm``."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from admin import first_files, output
from admin.billers.record import BillerId, change, known
from admin.check import trial
from admin.check.checklist import markdown
from admin.check.finding import Finding, Verdict, all_pass, fingerprint, passes, untold
from admin.confirm import Reason, Yes, confirm
from admin.errors import FOUND_WRONG, WrongUse
from admin.session import at_stamp
from shared.billers.model import Biller, PassedCheck
from shared.vocabulary.errors import Malformed
from shared.vocabulary.money import Money

if TYPE_CHECKING:
    from admin.stamp import Stamp

BY_A_PERSON: Final = MappingProxyType(
    {
        "codes": trial.CODES,
        "workspace": trial.WORKSPACE,
        "distribution": trial.DISTRIBUTION,
        "switches": trial.COUNTS,
        "clock": trial.CLOCK,
        "callbackHost": "callback host",
        "billImages": first_files.IMAGES,
    }
)
"""What a person can confirm where it cannot be told from here."""

_ASKED: Final = MappingProxyType(
    {
        trial.CODES: "category, distribution and payment codes exist in Caselle",
        trial.WORKSPACE: 'the workspace is marked "Use for Online Payments", with user and third party',
        trial.DISTRIBUTION: 'the distribution is marked "Allow online payments"',
        trial.COUNTS: '"Apply Accounts Receivable Payments" and "Update payments immediately" are on',
        trial.CLOCK: "the Caselle server's clock is right",
    }
)


def check(
    biller_id: BillerId,
    post_and_void: Annotated[
        str | None,
        typer.Option("--post-and-void", metavar="AMOUNT", help="Post so much, say 0.01, per tender, and void it."),
    ] = None,
    customer: Annotated[str | None, typer.Option("--customer", metavar="NUMBER", help="Whose books it is on.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Checklist for the project record.")] = None,
    *,
    yes: Yes = False,
) -> None:
    """Look whether everything is there that posting needs; say what to do, and who does it, where it is not.

    Exit code 0 only when all is in order; going live demands that.

    Example: icadmin --local biller check 2493 --post-and-void 0.01 --customer 000412
    """
    amount = _amount(post_and_void, customer)
    findings = at_stamp(lambda stamp: _checked(stamp, biller_id, amount, customer, out, yes=yes))
    output.show([each.row for each in findings], output.table(f"Biller {biller_id}", [each.row for each in findings]))
    output.say(_summary(findings))
    if not all_pass(findings):
        raise typer.Exit(FOUND_WRONG)


async def _checked(
    stamp: "Stamp", biller_id: str, amount: Money | None, customer: str | None, out: Path | None, *, yes: bool
) -> list[Finding]:
    biller = await known(stamp, biller_id)
    if amount is not None:
        trial.check_possible(biller, amount)
        confirm(f"Post {amount} for each tender to customer {customer} of {biller.name}, and void it?", yes=yes)
    with output.progress() as bar:
        bar.add_task(f"Looking at {biller.name}", total=None)
        findings = _confirmed(biller, await _looked(stamp, biller, amount, customer))
    await _remember(stamp, biller, findings, tried=amount is not None)
    if out is not None:
        _write(out, markdown(biller, findings, stamp.clock.now()))
    return findings


async def _looked(stamp: "Stamp", biller: Biller, amount: Money | None, customer: str | None) -> list[Finding]:
    from admin.check import own, reads  # noqa: PLC0415 - httpx and Caselle's client on first use

    findings = [finding async for finding in own.findings(stamp, biller)]
    asking = reads.Reads(stamp, biller)
    found = await asking.findings(customer or reads.NOBODY)
    reached = all(each.verdict is Verdict.PASS for each in found)
    if amount is None or customer is None or not reached:
        return [*findings, *found, *_untried(reached=reached)]
    why = f"post and void {amount} for customer {customer}"
    async with stamp.audit.change("biller.check", biller.biller_id, why=why):
        tried = [each async for each in trial.Trial(stamp, biller, asking).findings(customer, amount)]
    return [*findings, *found, *tried]


def _untried(*, reached: bool) -> list[Finding]:
    how = "`biller check --post-and-void 0.01 --customer N` tries it; or have it confirmed, then `biller confirm`."
    return [untold(check, _ASKED[check] if reached else "not reached", how) for check in trial.UNTRIED]


def _confirmed(biller: Biller, findings: Sequence[Finding]) -> list[Finding]:
    """Where nobody can tell from here, a person's word counts, with its date."""
    since = {BY_A_PERSON[name]: day for name, day in biller.confirmed.items() if name in BY_A_PERSON}
    return [
        passes(each.check, f"confirmed on {since[each.check]}")
        if each.verdict is Verdict.CANNOT_TELL and each.check in since
        else each
        for each in findings
    ]


async def _remember(stamp: "Stamp", biller: Biller, findings: Sequence[Finding], *, tried: bool) -> None:
    """A check that passed opens the way to going live; one that does not closes it."""
    now = stamp.clock.now()
    passed = PassedCheck(at=now, fingerprint=fingerprint(biller)) if all_pass(findings) else None
    seen = {each.check for each in findings if tried and each.verdict is Verdict.PASS}
    confirmed = biller.confirmed | {name: now.date() for name, check in BY_A_PERSON.items() if check in seen}
    after = biller.model_copy(update={"passed_check": passed, "confirmed": confirmed})
    if after != biller:
        await change(stamp, "biller.check", biller, after)


def confirm_(
    biller_id: BillerId,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help=f"Of {', '.join(BY_A_PERSON)}; or all.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Who saw it, and when.")],
    *,
    yes: Yes = False,
) -> None:
    """Record what a person saw in Caselle and nobody can tell from here.

    Example: icadmin --local biller confirm 2493 workspace distribution --reason "Jane at Caselle, by phone"
    """
    chosen = list(BY_A_PERSON) if names == ["all"] else names
    strange = [name for name in chosen if name not in BY_A_PERSON]
    if strange:
        raise WrongUse(f"{strange[0]} cannot be confirmed; these can: {', '.join(BY_A_PERSON)}, or all.")
    at_stamp(lambda stamp: _confirm(stamp, biller_id, chosen, reason, yes=yes))


async def _confirm(stamp: "Stamp", biller_id: str, names: list[str], reason: Reason, *, yes: bool) -> None:
    biller = await known(stamp, biller_id)
    confirm(f"Record for {biller.name} that a person saw: {', '.join(BY_A_PERSON[name] for name in names)}?", yes=yes)
    today: date = stamp.clock.now().date()
    after = biller.model_copy(update={"confirmed": biller.confirmed | dict.fromkeys(names, today)})
    await change(stamp, "biller.confirm", biller, after, why=reason)
    output.say("Recorded.")


def _amount(text: str | None, customer: str | None) -> Money | None:
    if text is None:
        return None
    if not customer or not customer.strip():
        raise WrongUse("--post-and-void needs --customer: a customer of the city on whose books it may be.")
    try:
        return Money.parse(text)
    except Malformed as error:
        raise WrongUse(f"--post-and-void: {error}.") from None


def _summary(findings: Sequence[Finding]) -> str:
    wrong = [each for each in findings if each.verdict is Verdict.FAIL]
    open_ = [each for each in findings if each.verdict is Verdict.CANNOT_TELL]
    if not wrong and not open_:
        return "All is in order: `biller go-live` is open for a week, or until the set-up changes."
    return f"{len(wrong)} not in order, {len(open_)} not to be told from here."


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongUse(f"{out} cannot be written: {error.strerror}.") from None
