"""A thousand files of others, through every reader: `python -m tests.foreign --files 1000`.

Files are generated from a seed: image formats x depths x sizes x damage, CSV lists, YAML texts, journals, keys. Each is read by every
reader of its kind in a process that measures time and memory. A reader either reads a file or raises an error that the command line
prints as one line; anything else is a failure.
"""
