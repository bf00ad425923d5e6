from __future__ import annotations

from bot.domain import Player, Room
from bot.services.rate_limit import REMEMBERED, Rate, RateLimits

HOME, NEXT_DOOR = Room("test", "home"), Room("test", "next door")
ANA, BEN = Player("ana", "Ana"), Player("ben", "Ben")


def test_a_player_may_ask_so_often_and_again_when_the_time_is_over() -> None:
    limits = RateLimits(Rate(2, 60), Rate(100, 60))
    assert [limits.allow(HOME, ANA, now) for now in (0, 1, 2, 59)] == [True, True, False, False]
    assert limits.allow(HOME, ANA, 60.5)


def test_one_player_does_not_use_up_what_another_may() -> None:
    limits = RateLimits(Rate(1, 60), Rate(100, 60))
    assert limits.allow(HOME, ANA, 0)
    assert limits.allow(HOME, BEN, 0)


def test_a_room_has_a_limit_of_its_own() -> None:
    limits = RateLimits(Rate(100, 60), Rate(2, 60))
    assert [limits.allow(HOME, player, 0) for player in (ANA, BEN, ANA)] == [True, True, False]
    assert limits.allow(NEXT_DOOR, ANA, 0)


def test_a_refused_photo_does_not_count() -> None:
    limits = RateLimits(Rate(1, 60), Rate(100, 60))
    limits.allow(HOME, ANA, 0)
    for now in range(1, 60):
        assert not limits.allow(HOME, ANA, now)
    assert limits.allow(HOME, ANA, 61)


def test_what_is_told_late_counts_for_when_it_happened() -> None:
    limits = RateLimits(Rate(2, 60), Rate(100, 60))
    assert limits.allow(HOME, ANA, 1000)
    # Sent every half minute, and delivered all at once after an outage, the latest first.
    late = [limits.allow(HOME, ANA, at) for at in range(970, 700, -30)]
    assert late == [True] * 9
    # Who sent them at once sent them at once, whenever they come.
    assert [limits.allow(HOME, BEN, 800 + at) for at in (2, 1, 0)] == [True, True, False]
    assert len(limits._windows[HOME.platform, HOME.id, ANA.id]._times) == 10
    limits.allow(HOME, ANA, 10_000)
    assert len(limits._windows[HOME.platform, HOME.id, ANA.id]._times) == 1


def test_the_quiet_are_forgotten_so_that_memory_is_bounded() -> None:
    limits = RateLimits(Rate(1, 60), Rate(10**6, 60))
    for number in range(3 * REMEMBERED):
        limits.allow(HOME, Player(str(number), ""), number)
    assert len(limits._windows) <= REMEMBERED + 61
