"""``docs/answer-classes.md`` says what the code and the tests of the network do."""

from shared.ledger.answer import Ambiguous, NotSent
from tests.faults.network_page import PAGE, page
from tests.faults.network_shapes import SHAPES


def test_the_page_is_the_one_that_the_tables_give():
    """Renewed with ``python -m tests.faults.network_page``."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_fault_of_the_network_has_a_shape():
    shown = {shape.fault for shape in SHAPES}
    assert {f"P{number}" for number in range(1, 19)} <= shown


def test_what_was_processed_is_never_thought_unsent_nor_what_was_not_connected_in_doubt():
    for shape in SHAPES:
        if shape.processed:
            assert shape.answer is not NotSent
        if shape.connect_phase:
            assert shape.answer is not Ambiguous
