"""A subscriber that never reads costs bounded memory, and costs nobody else a message; one that reads again learns what it missed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from inspector.client import Subscriber
from inspector.client.events import Missed
from inspector.config.recovery import RecoveryConfig
from inspector.protocol.codec import Packet
from inspector.protocol.messages import MessageType
from tests.results.publishing import REJECTED, RUN, START, Ear, eventually, make_results, make_settled

FRAMES = 4000
MASK_BYTES = 25_000
LISTENER = """
import sys, zmq
socket = zmq.Context().socket(zmq.SUB)
socket.setsockopt(zmq.RCVHWM, 1)
socket.subscribe("v1/")
socket.connect(sys.argv[1])
print(socket.recv()[:2], flush=True)
sys.stdin.read()
"""


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(("send_mib", "bounded"), [(4, True), (1000, False)], ids=["bounded", "control"])
def test_memory_with_a_subscriber_that_never_reads(send_mib: int, bounded: bool) -> None:
    """The control shows that without the limit the same traffic piles up, so that the measurement can fail."""
    results = make_results(results={"send_mib": send_mib, "recovery": RecoveryConfig(memory_mib=1)})
    results.start()
    results.begin("cam1", RUN, START)
    outcome = msgspec.structs.replace(REJECTED, mask=os.urandom(MASK_BYTES))
    stopped = subprocess.Popen([sys.executable, "-c", LISTENER, results.endpoint], stdin=-1, stdout=-1)
    try:
        assert stopped.stdout
        assert stopped.stdout.readline()
        stopped.send_signal(signal.SIGSTOP)
        before = resident_bytes()
        for frame in range(FRAMES):
            # Blobs of their own, as on a line: one shared object would be sent without a copy.
            results.settled(
                make_settled(frame, msgspec.structs.replace(outcome, mask=frame.to_bytes(4, "big") + outcome.mask))
            )
            if frame % 100 == 0:
                eventually(lambda: results.snapshot().waiting < 100)
        eventually(lambda: results.snapshot().waiting == 0)
        grown = resident_bytes() - before
    finally:
        stopped.kill()
        stopped.communicate()
        assert results.close() is True
    if bounded:
        assert grown < 0.15 * FRAMES * MASK_BYTES
    else:
        assert grown > 0.6 * FRAMES * MASK_BYTES


def test_others_get_everything_beside_one_that_never_reads() -> None:
    """Paced by what the good one has heard, so that only the deaf one can fall behind."""
    results = make_results(results={"send_mib": 4, "wait_for_subscribers": 2})
    results.start()
    outcome = msgspec.structs.replace(REJECTED, mask=os.urandom(MASK_BYTES))
    deaf = subprocess.Popen([sys.executable, "-c", LISTENER, results.endpoint], stdin=-1, stdout=-1)
    heard: list[int] = []
    try:
        with Ear(results.endpoint) as ear:
            assert results.wait_for_subscribers()
            deaf.send_signal(signal.SIGSTOP)
            results.begin("cam1", RUN, START)
            for frame in range(2000):
                results.settled(make_settled(frame, outcome))
                while len(heard) < frame - 20:
                    seq = ear.packet().header.seq
                    heard += [] if seq is None else [seq]
            results.end("cam1", RUN)
            heard += [packet.header.seq for packet in ear.until("end") if packet.header.seq is not None]
    finally:
        deaf.kill()
        deaf.communicate()
        results.close()
    assert heard == list(range(2002))


def test_one_that_reads_again_learns_what_it_missed(caplog: pytest.LogCaptureFixture) -> None:
    results = make_results(results={"send_mib": 1, "wait_for_subscribers": 1})
    results.start()
    outcome = msgspec.structs.replace(REJECTED, mask=os.urandom(100_000))
    seqs: list[int] = []
    with Subscriber(results.endpoint, recovery=None, receive_hwm=1) as slow:
        assert results.wait_for_subscribers()
        results.begin("cam1", RUN, START)
        frame = 0
        while "read too slowly" not in caplog.text:
            results.settled(make_settled(frame, outcome))
            eventually(lambda: results.snapshot().waiting == 0)
            frame += 1
        while True:
            event = slow.receive(5000)
            assert event is not None
            if isinstance(event, Missed) and not event.before_joining:
                seqs += range(event.first_seq, event.last_seq + 1)
                results.end("cam1", RUN)
            elif isinstance(event, Packet) and event.header.seq is not None:
                seqs.append(event.header.seq)
                if event.header.type is MessageType.END:
                    break
    assert results.close()
    assert seqs == list(range(frame + 2)), "each was heard, or told as missed"
