"""The log names a slow subscriber once a minute, however often it comes back."""

from __future__ import annotations

import logging

import pytest

from inspector.results.slow_peers import SlowPeers

MIB = 1 << 20
WHY = "one read too slowly, and 128 MiB waited (results.send_mib)"


def test_a_slow_peer_is_told_once_a_minute_with_what_was_dropped(caplog: pytest.LogCaptureFixture) -> None:
    slow = SlowPeers(logging.getLogger("inspector.results"), "results")
    for second in range(0, 60, 10):
        slow.note("10.0.0.7", WHY, 129 * MIB, 1000.0 + second)
    slow.note("10.0.0.8", WHY, 3 * MIB // 2, 1055.0)
    assert [record.message for record in caplog.records] == [
        f"results: a subscriber (10.0.0.7) is cut off: {WHY}; 129.0 MiB that waited for it are dropped, which it may ask for again",
        f"results: a subscriber (10.0.0.8) is cut off: {WHY}; 1.5 MiB that waited for it are dropped, which it may ask for again",
    ]
    caplog.clear()
    slow.sum_up(1059.0)
    assert not caplog.records
    slow.sum_up(1060.0)
    assert [record.message for record in caplog.records] == [
        "results: a subscriber (10.0.0.7) was cut off 5 more times in the last minute, and 645.0 MiB that waited for it were dropped"
    ]
    caplog.clear()
    slow.sum_up(1200.0)
    assert not caplog.records, "it was cut off once"
    slow.note("10.0.0.7", WHY, MIB, 1201.0)
    assert len(caplog.records) == 1, "a new minute"


def test_peers_without_number_fill_neither_the_log_nor_the_memory(caplog: pytest.LogCaptureFixture) -> None:
    slow = SlowPeers(logging.getLogger("inspector.results"), "results")
    for number in range(300):
        slow.note(f"peer {number}", WHY, MIB, 1000.0)
    assert len(caplog.records) == 100
