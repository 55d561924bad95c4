"""The line beside loops that a user would write: the same frames, networks, thresholds and cores, in turns.

A loop runs in a process of its own (``process``) and takes its frames from memory, as the line takes its from a camera that holds
them in memory: nobody decodes files. Every arm does the same slices (``arms``), and what it finds is compared (``agreement``) before
its speed is.
"""
