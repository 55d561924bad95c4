"""Inspector: frames of a steel line in, exactly one verdict each out, in time, over ZeroMQ.

This package is everything that runs on the line; it never imports torch. ``inspector.line.line`` is where to start
reading: it lists the parts in the order a frame meets them.
"""

__version__ = "0.1.0"
