"""``inspector bench wire``: the road of a frame without engines.

The line is the real one, with its child process, ring, ledger, judging, journal and publisher, and a subscriber in a process of its own.
Only the networks are replaced: their graphs cost some microseconds, because frames carry their own answer (``frames.py``).

run.py      alternates the ways in which masks are measured, and takes medians
arm.py      a process that measures one way: a line (``line.py``) with its subscriber (``subscriber.py``)
"""
