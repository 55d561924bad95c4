"""The ``inspector`` command, one file per subcommand.

A command reads its arguments, calls another package, and prints. Heavy imports are inside the command, so that
``--help`` is fast and the inference child, which imports the main module again, starts quickly.
"""
