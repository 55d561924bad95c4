"""Many subscribers in one process, on sockets without our client: what each of them missed.

    python -m tests.faults.crowd ENDPOINT NUMBER

Prints ``ready`` once each of them has a message. Ends when its standard input is closed, with a JSON line: the messages of the one that got the
fewest, and how many numbers were missing in all.
"""

from __future__ import annotations

import json
import os
import sys

import zmq


def main() -> None:
    """Be the process."""
    endpoint, number = sys.argv[1], int(sys.argv[2])
    context = zmq.Context()
    poller = zmq.Poller()
    sockets = [context.socket(zmq.SUB) for _ in range(number)]
    expected: list[dict[str, int]] = [{} for _ in sockets]
    received = [0] * number
    missing = 0
    for one in sockets:
        one.setsockopt(zmq.RCVHWM, 16)
        one.connect(endpoint)
        one.subscribe("v1/")
        poller.register(one, zmq.POLLIN)
    poller.register(sys.stdin.fileno(), zmq.POLLIN)
    ready = ended = False
    while not ended:
        for socket, _ in poller.poll(100):
            if not isinstance(socket, zmq.Socket):
                ended = ended or not os.read(socket, 1)
                continue
            place = sockets.index(socket)
            header = json.loads(socket.recv_multipart()[1])
            received[place] += 1
            seq, stream = header["seq"], f"{header['camera']} {header['epoch']}"
            if seq is not None:
                missing += seq - expected[place].setdefault(stream, seq)
                expected[place][stream] = seq + 1
        if not ready and all(received):
            ready = True
            print("ready", flush=True)
    print(json.dumps({"fewest": min(received), "missing": missing}), flush=True)
    context.destroy(linger=0)


if __name__ == "__main__":
    main()
