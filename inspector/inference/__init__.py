"""The engines' process and its keeper.

``service`` (parent) is what the line talks to: it hands out frames, collects answers, and restarts the child when it dies or hangs.
``worker`` (child) loads the engines and runs the ``cascade``: gate first, then the segmenter for the frames let through. The same
code runs on every runtime; its twin without a GPU is the CPU runtime.
"""
