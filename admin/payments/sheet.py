"""``payments ask``: one sheet of questions for a city; and what becomes of its answers."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from admin import output
from admin.errors import Declined, WrongUse
from admin.payments.changing import Act, Chosen, change_each
from admin.payments.options import BillerArg, Out, held_for
from admin.private_files import write_private
from admin.session import at_stamp
from shared.ledger.entry import Entry
from shared.repair import inquiry
from shared.repair.decision import NotAllowed, known
from shared.repair.inquiry import Answer, Found
from shared.vocabulary.errors import Malformed

if TYPE_CHECKING:
    from admin.stamp import Stamp


def ask(biller: BillerArg, out: Out) -> None:
    """Write one sheet for the city: every payment of which only its registers tell whether it is there.

    The city fills in the last two columns: posted with the receipt's number, "not there" or "never".

    Example: icadmin --local payments ask 2493 --out questions.csv
    """
    text, count, later = at_stamp(lambda stamp: _questions(stamp, biller))
    if later:
        output.warn(
            f"{later} more were sent a moment ago and may still arrive: ask about them in a quarter of an hour."
        )
    if not count:
        output.show({"questions": 0}, "There is nothing to ask.")
        return
    write_private(out, text.encode())
    output.show({"questions": count, "file": str(out)}, f"{count} questions are in {out}.")


async def _questions(stamp: "Stamp", biller: str) -> tuple[str, int, int]:
    """The sheet, how many questions it has, and how many payments it does not ask about yet."""
    found = [entry async for entry in stamp.repair.find(held_for(biller)) if inquiry.is_question(entry)]
    now, settle = stamp.ledger.now(), stamp.address.settings.times.settle
    asked = [entry for entry in found if inquiry.can_be_answered(entry, now, settle)]
    return inquiry.sheet(asked, now), len(asked), len(found) - len(asked)


def answers_in(path: Path) -> Sequence[Answer]:
    """The answers in a sheet that came back.

    Raises:
        WrongUse: it cannot be read, or a line of it is wrong; nothing is changed then.
    """
    try:
        read = inquiry.read(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, Malformed) as error:
        raise WrongUse(f"{path} is no sheet of questions: {error}.") from None
    if read.wrong:
        raise WrongUse("\n".join([*read.wrong, "Nothing was changed."]))
    if read.open:
        output.warn(f"{read.open} lines have no answer and stay held.")
    return read.answers


async def resolve_from(stamp: "Stamp", biller: str, answers: Sequence[Answer], why: str, *, yes: bool) -> None:
    """Do what a city answered, line by line; its word stands in the audit and with each event.

    Raises:
        Declined: some lines change nothing, or were refused; each is named, and the others were done.
    """
    chosen, left = [], 0
    for answer in answers:
        entry = await stamp.ledger.read(answer.key)
        words = inquiry.idle(answer, entry, biller, stamp.ledger.now())
        if entry is None or words is not None:
            output.warn(f"Line {answer.line} changes nothing: {words}.")
            left += 1
            continue
        act = _act(stamp, answer, f"{why} (the city's sheet, line {answer.line})")
        chosen.append(Chosen(entry, act, {"answer": str(answer.found), "receipt": answer.receipt_number}))
    for found in Found:
        output.warn(f"{sum(answer.found is found for answer in answers)} answered: {found}.")
    if chosen:
        await change_each(stamp, "payments.resolve", chosen, why, yes=yes)
    if left:
        raise Declined(f"{left} of {len(answers)} lines change nothing; each says why.")


def _act(stamp: "Stamp", answer: Answer, why: str) -> Act:
    # Whoever finds it in no register, of all users, says also that nobody entered it by hand.
    said = stamp.decided(why, not_by_hand=answer.found is Found.NOT_THERE)

    async def act(entry: Entry) -> Entry:
        # The person may have thought for an hour before agreeing.
        current = known(await stamp.ledger.read(entry.key), entry.key)
        words = inquiry.idle(answer, current, entry.key.biller, stamp.ledger.now())
        if words is not None:
            raise NotAllowed(f"Line {answer.line} changes nothing: {words}.")
        match answer.found:
            case Found.POSTED:
                return await stamp.repair.resolve.posted(entry.key, answer.receipt_number, said, override=True)
            case Found.NOT_THERE:
                return await stamp.repair.retry(entry.key, said, override=True)
            case Found.NEVER:
                return await stamp.repair.resolve.not_posted(entry.key, said)

    return act
