"""What is promised about waiting, in virtual time: nothing here depends on how fast the machine is."""

from tests.faults import figures

MINUTES = 60


def test_a_backlog_drains_at_the_rate_of_its_slots():
    drain = figures.drained(300)
    assert drain.seconds < 1.5 * drain.busy
    assert drain.seconds < drain.by_sweeper / 10


def test_a_dead_and_a_slow_city_slow_down_nobody_else():
    (usual, rate), (beside, rate_beside) = (
        figures.neighbours(figures.nothing),
        figures.neighbours(figures.bad_neighbours),
    )
    assert beside <= 1.5 * usual
    assert rate_beside >= 0.9 * rate


def test_a_backlog_slows_down_nobody_else():
    alone, flooded = figures.a_neighbour_s_backlog(800)
    assert flooded <= 1.5 * alone


def test_doubts_end_without_a_person_where_somebody_can_be_asked():
    doubts = figures.doubts(300, 150, counter=50)
    counted = doubts.all - doubts.first
    assert counted > 10
    assert doubts.alone == doubts.could == counted
    assert sorted(doubts.minutes)[counted // 2] <= 45


def test_doubts_are_a_person_s_within_minutes_where_nobody_can_be_asked():
    held, longest = figures.held_without_query()
    assert held > 20
    assert longest < 5
