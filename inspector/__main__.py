"""``python -m inspector`` is the ``inspector`` command, and the command begins here.

Spawned processes run the module that the command began in once more; this one imports nothing until it is told to begin.
"""


def main() -> None:
    """Run the command line."""
    from inspector.cli.app import main as command_line

    command_line()


if __name__ == "__main__":
    main()
