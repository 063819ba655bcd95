"""What holds of every list: presence whatever else is there, absence only where nothing of ours is hidden."""

import random
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.payments.evidence.facts import Absent, Ask, Nothing, Present
from tests.payments.evidence.samples import CENTS, MINE, MY_KEY, MY_NUMBER, OTHER_CHANNEL, PRESENT, Scene, ours, receipt
from tests.payments.evidence.samples import receipt_of as shown_as

pytestmark = pytest.mark.slow

_offsets = st.integers(-300, 290)
_texts = st.none() | st.sampled_from(["", "IC0000", f"{MINE}0", "walk-in"]) | st.text(max_size=12)


@st.composite
def strangers(draw, groups=("1", "5", "7")):
    """Receipts of the counter: any number, text, amount and state."""
    numbers = draw(st.lists(st.tuples(st.sampled_from(groups), st.integers(0, 400)), unique=True, max_size=6))
    return tuple(
        receipt(
            f"{group}.{place:05}",
            draw(_texts),
            draw(st.sampled_from([100, CENTS])),
            draw(_offsets),
            live=draw(st.booleans()),
            user=draw(st.none() | st.sampled_from(["ONLINE", "BETTY"])),
        )
        for group, place in numbers
    )


@st.composite
def histories(draw):
    """Payments of ours around the one in doubt, numbered in order, each shown; gaps where failed sends took a number."""
    moments = sorted(draw(st.lists(st.integers(-200, 200).filter(lambda at: abs(at) > 3), unique=True, max_size=8)))
    posted, place = [], 10
    for index, moment in enumerate(moments):
        place += 1 + draw(st.integers(0, 1)) + (1 if moment > 0 and (not posted or moments[index - 1] < 0) else 0)
        channel = draw(st.sampled_from([Scene().sent.channel] * 3 + [OTHER_CHANNEL]))
        posted.append(ours(100 + index, moment, receipt_number=f"5.{place:05}", channel=channel))
    return Scene(ours=tuple(posted), receipts=tuple(map(shown_as, posted)), at=300)


def concluded(scene):
    """With every number asked for, none of which is there."""
    found = scene.concluded()
    return scene.answered() if isinstance(found, Ask) else found


@given(histories(), strangers(), st.floats(0.1, 300))
def test_presence_is_concluded_whatever_else_is_in_the_list(scene, others, at):
    assume(all(each.receipt_number != MY_NUMBER for each in (*others, *scene.receipts)))
    rest = [*scene.receipts, *others, *others[:1]]
    random.shuffle(rest)
    assert replace(scene, receipts=(*rest, PRESENT), at=at).concluded() == Present(MY_NUMBER)


@given(histories(), strangers(groups=("1", "7")))
def test_receipts_that_have_nothing_to_do_with_it_never_turn_nothing_into_absent(scene, others):
    """They are in other number groups, and no later than the clock's error can make them."""
    latest = max((each.created_at for each in others), default=scene.sent.last_sent_at)
    scene = scene.knowing(counter=latest - scene.sent.last_sent_at)
    if not isinstance(concluded(scene), Absent):
        assert not isinstance(concluded(scene.with_(*others)), Absent)


@given(histories())
def test_removing_any_one_of_ours_since_an_earlier_one_never_leaves_absent(scene):
    assume(isinstance(concluded(scene), Absent))
    alike = [each for each in scene.ours if each.channel == scene.sent.channel]
    earlier = [each for each in alike if each.posted_at < scene.sent.first_sent_at]
    since = [*earlier[-1:], *(each for each in alike if each not in earlier)]
    for each in since:
        hidden = tuple(one for one in scene.receipts if one.receipt_number != each.receipt_number)
        assert not isinstance(concluded(replace(scene, receipts=hidden)), Absent)


@given(histories())
def test_without_an_earlier_or_without_a_later_one_nothing_is_absent(scene):
    for kept in (
        [each for each in scene.ours if each.posted_at > scene.sent.first_sent_at],
        [each for each in scene.ours if each.posted_at < scene.sent.first_sent_at],
    ):
        half = replace(scene, ours=tuple(kept), receipts=tuple(map(shown_as, kept)))
        assert isinstance(concluded(half), Nothing)


@given(histories(), strangers(), st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_receipts_does_not_matter(scene, others, order, there):
    scene = scene.with_(*others, *([PRESENT] if there else [])).knowing(
        counter=scene.reading.at - scene.sent.first_sent_at
    )
    shuffled = list(scene.receipts)
    order.shuffle(shuffled)
    assert _plain(concluded(replace(scene, receipts=tuple(shuffled)))) == _plain(concluded(scene))


def _plain(conclusion):
    named = getattr(conclusion, "receipts", ())
    return type(conclusion), getattr(conclusion, "why", ""), sorted(each.receipt_number for each in named)


@given(histories(), strangers())
def test_it_is_never_absent_while_it_is_there_under_a_missing_number(scene, others):
    """A list that hides the very receipt, and nothing else; its number shows when it is asked for."""
    wanted = scene.with_(*others).concluded()
    assume(isinstance(wanted, Ask))
    for number in wanted.numbers:
        answers = dict.fromkeys(wanted.numbers, ()) | {number: (replace(PRESENT, receipt_number=number),)}
        assert scene.with_(*others).knowing(asked=answers).concluded() == Present(number)


def test_of_the_histories_a_good_part_is_absent():
    """Otherwise the properties above would say little."""
    found = []

    @given(histories())
    def judge(scene):
        found.append(isinstance(concluded(scene), Absent))

    judge()
    assert sum(found) > len(found) / 10
    assert MY_KEY not in {each.key for each in Scene().ours}
