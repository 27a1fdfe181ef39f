"""Coming and going: told once, whatever the order of the fixes; noise at a boundary tells nothing."""

import itertools
import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tracking.geofences import Crossing, Sight, crossings, event_id, untold

BEGAN = datetime(2026, 11, 20, 3, tzinfo=UTC)
IN, OUT, NEAR = -100.0, 200.0, 10.0


def at(minutes: float) -> datetime:
    return BEGAN + timedelta(minutes=minutes)


def track(*distances: float, every: float = 2) -> list[Sight]:
    return [Sight(at(number * every), distance) for number, distance in enumerate(distances)]


def test_coming_and_going_are_told_at_their_first_clear_fix() -> None:
    told = crossings(track(OUT, NEAR, IN, IN, NEAR, IN, NEAR, OUT, OUT))
    assert told == [Crossing("arriving", at(4)), Crossing("departing", at(14))]


def test_noise_at_the_boundary_tells_nothing() -> None:
    assert crossings(track(OUT, 30, -10, 40, -24, 49, OUT)) == []
    assert crossings(track(OUT, IN, IN, -10, 40, -24, 49, IN, IN)) == [Crossing("arriving", at(2))]


def test_driving_past_within_a_minute_is_no_stay() -> None:
    assert crossings(track(OUT, OUT, IN, OUT, OUT, OUT, every=0.5)) == []


def test_leap_out_of_a_stay_does_not_end_it() -> None:
    assert crossings(track(OUT, IN, IN, IN, OUT, IN, IN, IN, every=0.5)) == [Crossing("arriving", at(0.5))]


def test_crossing_waits_until_it_has_stood_for_a_minute() -> None:
    assert crossings(track(OUT, IN, every=0.5)) == []
    assert crossings(track(OUT, IN, IN, every=0.5)) == []
    assert crossings(track(OUT, IN, IN, IN, every=0.5)) == [Crossing("arriving", at(0.5))]


def test_who_was_there_before_the_track_began_is_not_said_to_come() -> None:
    assert crossings(track(IN, IN, OUT, OUT)) == [Crossing("departing", at(4))]
    assert crossings(track(NEAR, IN, IN)) == []


def test_after_half_a_day_of_silence_no_moment_is_made_up() -> None:
    silent = [Sight(at(0), OUT), Sight(at(13 * 60), IN), Sight(at(13 * 60 + 5), IN), Sight(at(14 * 60), OUT)]
    silent.append(Sight(at(14 * 60 + 5), OUT))
    assert crossings(silent) == [Crossing("departing", at(14 * 60))]


def test_gate_scan_has_told_the_same_coming() -> None:
    found = [Crossing("arriving", at(0)), Crossing("departing", at(90))]
    assert untold(found, [Crossing("arriving", at(29))]) == [Crossing("departing", at(90))]
    assert untold(found, [Crossing("arriving", at(-31)), Crossing("departing", at(0))]) == found
    assert untold(found, found) == []


sides = st.lists(st.sampled_from([IN, OUT, NEAR, -24.0, 49.0]), max_size=40)


@given(sides, st.randoms(use_true_random=False))
def test_order_and_doubling_of_fixes_change_nothing(distances: list[float], chance: random.Random) -> None:
    sights = track(*distances)
    shuffled = sights + chance.sample(sights, len(sights) // 2)
    chance.shuffle(shuffled)
    told = crossings(shuffled)
    assert told == crossings(sights)
    assert all(a.direction != b.direction for a, b in itertools.pairwise(told))
    assert all(b.at - a.at >= timedelta(minutes=1) for a, b in itertools.pairwise(told))


@given(sides, st.integers(0, 40))
def test_telling_what_is_new_after_each_part_tells_each_crossing_once(distances: list[float], cut: int) -> None:
    """Worked out again from the whole track, as after a restart: what was told stays told, what is new is told."""
    sights = track(*distances, every=20)  # comings an hour apart are different ones
    told = crossings(sights[:cut])
    told += untold(crossings(sights), told)
    assert sorted(told, key=lambda crossing: crossing.at) == sorted(
        untold(crossings(sights), []), key=lambda crossing: crossing.at
    )


def test_same_crossing_has_the_same_event_id_everywhere() -> None:
    one, other = Crossing("arriving", at(0)), Crossing("departing", at(0))
    truck, site = "https://id.gs1.org/8004/95200004T001", "https://id.gs1.org/414/9520001000010"
    assert event_id(truck, site, one) == event_id(truck, site, Crossing("arriving", at(0)))
    assert event_id(truck, site, one) != event_id(truck, site, other)
    assert event_id(truck, site, one).startswith("urn:uuid:")
