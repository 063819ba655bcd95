"""Rules of the ledger and of its evidence, each broken in one place: the simulation must catch every one.

A mutant replaces one function of the product while it is applied; nothing else of the product or of the simulation
changes. A campaign that lets one of them through proves nothing.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from tests.faults import broken_evidence as evidence
from tests.faults import broken_moves as moves
from tests.faults import broken_people as people
from tests.faults import broken_rules as rules
from tests.faults.plan import Plan
from tests.faults.run import Outcome, run

type Apply = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken rule, and the faults under which it does harm."""

    name: str
    apply: Apply
    faults: tuple[str, ...]
    minutes: float | None = None
    """How long they last; None: as long as usual."""
    pace: int | None = None
    """Payments a day, where it needs a town of a certain one."""
    payments: int = 30
    first: int | None = None
    """Seed of the first plan, for one that few plans catch."""


def _of_evidence(
    name: str, apply: Apply, *faults: str, pace: int = 300, payments: int = 50, first: int | None = None
) -> Mutant:
    """One that a city's lie brings to light, in a town."""
    return Mutant(name, apply, faults, pace=pace, payments=payments, first=first)


MUTANTS: Final = (
    Mutant("ack before insert", rules.ack_before_insert, ("S4",)),
    Mutant("retry on a disconnect", rules.retry_on_a_disconnect, ("P6", "P7")),
    Mutant("no write-ahead", rules.no_write_ahead, ("X9", "Q1")),
    Mutant("record deleted on error", rules.record_deleted_on_error, ("P5",), minutes=1),
    Mutant("write without ETag", rules.write_without_etag, ("S6", "Q1")),
    Mutant("5xx taken as not processed", rules.a_5xx_taken_as_not_processed, ("P12",)),
    Mutant("expired claim run again", rules.expired_claim_run_again, ("X8", "X9")),
    Mutant("absent believed before settling", rules.absent_believed_before_settling, ("P19", "P20")),
    Mutant("query error taken as absent", rules.query_error_taken_as_absent, ("P23",), minutes=60),
    Mutant("late owner sends without checking its lease", rules.late_owner_sends, ("K3",)),
    Mutant("foreign receipt taken as evidence", rules.foreign_receipt_taken_as_evidence, ("P4",)),
    Mutant("void before posted", rules.void_before_posted, ("Q6", "P5")),
    Mutant("blind retry of a void", rules.blind_retry_of_a_void, ("Q6", "P6")),
    Mutant("retention reduces what is to be told", rules.retention_reduces_what_is_to_be_told, ("M1", "M3", "P5")),
    _of_evidence("bare status taken as a refusal", evidence.bare_status_taken_as_refusal, "L25"),
    _of_evidence("listed code believed at once", evidence.listed_code_believed_at_once, "L27"),
    _of_evidence("before of another tender", evidence.before_of_another_tender, "L18"),
    _of_evidence("missing number ignored", evidence.missing_number_ignored, "L13"),
    _of_evidence("candidates ignored", evidence.candidates_ignored, "L2"),
    _of_evidence("absent by any list", evidence.absent_by_any_list, "L9"),
    _of_evidence("number read through a float", evidence.number_through_a_float, "L30"),
    _of_evidence("what was typed in is no candidate", evidence.typed_in_is_no_candidate, "L9", "M4"),
    _of_evidence("one reading is enough", evidence.one_reading_is_enough, "L8", pace=30, payments=100, first=2),
    _of_evidence("unseen lag ignored", evidence.unseen_lag_ignored, "L6", payments=45, first=11),
    _of_evidence("repeated rows ignored", evidence.repeated_rows_ignored, "L12", pace=3),
    _of_evidence("after by the list's clock", evidence.after_by_the_list_s_clock, "L8", "L22", payments=80),
    _of_evidence(
        "proof used after hours",
        rules.proof_used_after_hours,
        "P14",
        "M2",
        "M3",
        "M4",
        pace=30,
        payments=60,
        first=7002,
    ),
    _of_evidence("second look left out", rules.second_look_left_out, "L37"),
    _of_evidence("number of another is no presence", evidence.number_of_another_is_no_presence, "L31"),
    _of_evidence(
        "next numbers not asked for", evidence.next_numbers_not_asked_for, "L13", pace=3, payments=80, first=0
    ),
    _of_evidence("later owner loses its number", rules.later_owner_loses_its_number, "L31"),
    _of_evidence("retry asks nobody", rules.retry_asks_nobody, "L1", "M4", pace=3),
    Mutant(
        "held owner gives its reference away",
        rules.held_owner_gives_its_reference_away,
        ("I-7", "M3", "P5"),
        payments=50,
        first=6,
    ),
    Mutant(
        "recovery does not ask for the day of payment",
        moves.recovery_does_not_ask_for_the_day_of_payment,
        ("M11",),
        pace=3,
        payments=40,
    ),
    *(
        Mutant(name, apply, faults)
        for name, apply, faults in (
            ("recovery asks nobody", moves.recovery_asks_nobody, ("M11",)),
            ("copy is believed", moves.copy_is_believed, ("M12", "P1")),
            ("what a copy holds is let go", moves.what_a_copy_holds_is_let_go, ("M12", "M6")),
            ("void after a loss at once", moves.void_after_a_loss_at_once, ("M11", "M7")),
            ("move skips", moves.move_skips, ("M13",)),
            ("stamp comes back and sends", moves.stamp_comes_back_and_sends, ("M14", "P1")),
            ("silent stamp is taken for gone", moves.silent_stamp_is_taken_for_gone, ("M14", "P1")),
        )
    ),
    Mutant("versions begin anew", moves.versions_begin_anew, ("M11", "L1"), pace=30, payments=70),
    Mutant("void by an old proof", people.void_by_an_old_proof, ("M6", "M7"), payments=60),
    Mutant("sheet line of another attempt", people.sheet_line_of_another_attempt, ("M8", "M3", "P12"), minutes=180),
    *(
        Mutant(name, apply, faults)
        for name, apply, faults in (
            ("retry without a question", people.retry_without_a_question, ("M6",)),
            ("retry without the list", people.retry_without_the_list, ("M6",)),
            ("like receipt lets it go", people.like_receipt_lets_it_go, ("M6",)),
            ("word for what is posted", people.word_for_what_is_posted, ("M5",)),
            ("named receipt not looked at", people.named_receipt_not_looked_at, ("M6",)),
            ("void without looking", people.void_without_looking, ("M5", "M7")),
            ("void ends beside its reference", people.void_ends_beside_its_reference, ("M5", "M7")),
            ("void ends beside its like", people.void_ends_beside_its_like, ("M5", "M7")),
            ("void absent by one reading", people.void_absent_by_one_reading, ("M7",)),
            ("void ends a doubt", people.void_ends_a_doubt, ("M7", "P5")),
            ("sheet line of another city", people.sheet_line_of_another_city, ("M8", "P5")),
            ("stale sheet", people.stale_sheet, ("M8", "P12")),
            ("sheet of what may arrive", people.sheet_of_what_may_arrive, ("M8", "P19")),
            ("shadow overlap sent", people.shadow_overlap_sent, ("M9",)),
            ("shadow overlap forgotten", people.shadow_overlap_forgotten, ("M9",)),
            ("paid before going live sent", people.paid_before_going_live_sent, ("M9",)),
            ("retired forgotten", people.retired_forgotten, ("M10", "P1")),
        )
    ),
)

_SEEDS: Final = 30


def hunted(mutant: Mutant, seed: int) -> Outcome | None:
    """The first plan in which the simulation catches a mutant, and that nothing else breaks; or None."""
    seconds = None if mutant.minutes is None else 60 * mutant.minutes
    first = seed * 1000 if mutant.first is None else mutant.first
    for number in range(first, first + _SEEDS):
        plan = Plan(number, mutant.faults, mutant.payments, seconds, pace=mutant.pace)
        with mutant.apply():
            outcome = run(plan)
        if outcome.broken is not None and run(plan).broken is None:
            return outcome
    return None
