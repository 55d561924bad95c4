"""The loaded bundles, each in a child process of its own, and the frames they inspect.

In the parent: ``inference`` knows which bundle is active, which is a shadow and which is loading; a ``dispatcher`` per bundle hands
frames out and takes results in; a ``supervisor`` per bundle starts its child again when it dies or hangs. In the child: ``worker`` loads
the engines and runs the ``cascade``: gate first, then the segmenter for the frames let through. The same code runs on every runtime; the
twin of a GPU is the CPU runtime.
"""
