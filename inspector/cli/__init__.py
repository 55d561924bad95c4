"""The ``inspector`` command, one file per subcommand.

A command reads its arguments, calls one layer below, and prints. What is heavy to import is imported inside the command, so that
``--help`` answers at once and the inference child, which imports the main module anew, starts quickly.
"""
