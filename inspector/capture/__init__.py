"""Frame sources: a package or file for each kind of camera. All implement ``inspector.capture.source.FrameSource``.

A source only delivers frames and does not depend on ring, engines or verdicts. Every hardware source has a software
twin here (the simulator, the replay of a recording), which the line uses in the same way.
"""
