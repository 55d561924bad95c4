"""Inspects frames with the loaded bundles, each in a child process of its own.

In the parent: ``inference`` holds the active, shadow, loading and retiring bundles; a ``dispatcher`` per bundle sends
frames to the child and receives results; a ``supervisor`` per bundle restarts its child when it dies or hangs. In the child: ``worker`` loads
the engines and runs the ``cascade``: gate first, then the segmenter for the frames let through. The same code runs on every runtime, so
that it can be tested on a CPU.
"""
