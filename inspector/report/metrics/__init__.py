"""The figures of a run, each a small accumulator: fed frame by frame, its memory does not grow with the run.

All pixel figures rest on ``Overlap``, counted once per frame.
"""
