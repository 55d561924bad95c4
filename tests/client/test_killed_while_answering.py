"""A line that dies while its answer, of hundreds of parts, is being read must not end the subscriber's process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROUNDS = 20
READER = """
import random, resource, sys, threading, zmq
from inspector.client.sockets import RecoveryLink, Terms
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
context, parts = zmq.Context(), [b"x" * 50] * 2001
for _ in range(int(sys.argv[2])):
    line = zmq.Context()
    router = line.socket(zmq.ROUTER)
    endpoint = f"tcp://127.0.0.1:{router.bind_to_random_port('tcp://127.0.0.1')}"
    link = RecoveryLink(context, endpoint, Terms(b"", b"", b"", 16 << 20))
    if sys.argv[1] == "control":
        link.close()
        link.socket = context.socket(zmq.DEALER)
        link.socket.setsockopt(zmq.IMMEDIATE, 1)
        link.socket.setsockopt(zmq.RCVHWM, 4)
        link.socket.connect(endpoint)
        link.socket.send(b"")
    else:
        while not link.send(b""):
            pass
    client = router.recv_multipart()[0]
    for _ in range(4):
        router.send_multipart([client, *parts])
    death = threading.Timer(random.uniform(0, 0.004), lambda: line.destroy(linger=0))
    death.start()
    while link.socket.poll(10) and link.receive() is not None:
        pass
    death.join()
    link.socket.close(linger=0) if sys.argv[1] == "control" else link.close()
print("survived")
"""


@pytest.mark.parametrize("how", ["link", "control"])
def test_a_line_that_dies_while_its_answer_is_read(how: str) -> None:
    """The control shows what libzmq does with the option IMMEDIATE; where a later one does not any more, it can go."""
    rounds = ROUNDS if how == "link" else 20 * ROUNDS
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", READER, how, str(rounds)], capture_output=True, text=True, cwd=root)
    if how == "link":
        assert (done.returncode, done.stdout) == (0, "survived\n"), done.stderr
    else:
        assert "Assertion failed: !_more" in done.stderr
