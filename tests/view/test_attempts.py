"""How long somebody has to wait who fails, and that nobody else does."""

from __future__ import annotations

import pytest

from inspector.view.access.attempts import (
    FORGOTTEN_S,
    FREE,
    FREE_FOR_ALL,
    FREE_OF_ADDRESS,
    FREE_OF_NAME,
    LONGEST_OF_NAME_S,
    LONGEST_S,
    Attempts,
    place_of,
)


def test_pauses_grow_to_a_minute() -> None:
    attempts, now_s, waited = Attempts(), 0.0, []
    for _ in range(FREE + 10):
        wait_s = attempts.begin("ana", "10.0.0.1", now_s)
        waited.append(wait_s)
        if wait_s > 0:
            now_s += wait_s
            assert attempts.begin("ana", "10.0.0.1", now_s) == 0.0
    assert waited == [0.0] * FREE + [1, 2, 4, 8, 16, 32, LONGEST_S, LONGEST_S, LONGEST_S, LONGEST_S]


def test_who_has_to_wait_does_not_wait_longer_for_asking() -> None:
    attempts = Attempts()
    for _ in range(FREE):
        assert attempts.begin("ana", "10.0.0.1", 0.0) == 0.0
    assert [attempts.begin("ana", "10.0.0.1", 0.5) for _ in range(1000)] == [0.5] * 1000
    assert attempts.begin("ana", "10.0.0.1", 1.0) == 0.0


def test_failures_are_forgotten_and_a_success_ends_them() -> None:
    attempts = Attempts()
    for _ in range(FREE):
        attempts.begin("ana", "10.0.0.1", 0.0)
    assert attempts.begin("ana", "10.0.0.1", FORGOTTEN_S) == 0.0
    for _ in range(FREE - 1):
        attempts.begin("ana", "10.0.0.1", FORGOTTEN_S)
    attempts.succeeded("ana", "10.0.0.1")
    assert [attempts.begin("ana", "10.0.0.1", FORGOTTEN_S) for _ in range(FREE)] == [0.0] * FREE


def test_nobody_is_kept_out_from_another_address() -> None:
    """However many guess the name from however many addresses, at each moment."""
    attempts = Attempts()
    for number in range(2000):
        attempts.begin("ana", f"10.0.{number // 250}.{number % 250}", 0.0)
    for _ in range(FREE_FOR_ALL):
        assert attempts.begin("ana", "10.9.9.9", 0.0) == 0.0
    assert 0 < attempts.begin("ana", "10.9.9.9", 0.0) <= LONGEST_OF_NAME_S


def test_guesses_from_many_addresses_are_slow_together() -> None:
    attempts, looked_at = Attempts(), 0
    for second in range(60):
        for number in range(100):
            looked_at += attempts.begin("ana", f"10.0.0.{number}", float(second)) == 0.0
    assert looked_at <= 100 * FREE_FOR_ALL + FREE_OF_NAME + 60 / LONGEST_OF_NAME_S


def test_an_address_that_guesses_names_waits_and_who_is_known_there_does_not() -> None:
    attempts = Attempts()
    attempts.begin("ana", "10.0.0.1", 0.0)
    attempts.succeeded("ana", "10.0.0.1")
    for number in range(FREE_OF_ADDRESS):
        assert attempts.begin(f"name{number}", "10.0.0.1", 0.0) == 0.0
    assert attempts.begin("another", "10.0.0.1", 0.0) > 0
    assert attempts.begin("ana", "10.0.0.1", 0.0) == 0.0


def test_many_at_once_count_as_many() -> None:
    """Before the first of them is looked at."""
    attempts = Attempts()
    assert sum(attempts.begin("ana", "10.0.0.1", 0.0) == 0.0 for _ in range(100)) == FREE


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("192.168.1.20", "192.168.1.20"),
        ("::ffff:192.168.1.20", "192.168.1.20"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::1"),
        ("", ""),
    ],
)
def test_what_counts_as_one_address(host: str, place: str) -> None:
    assert place_of(host) == place
