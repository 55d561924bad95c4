"""One line: builds, starts and stops its parts, takes frames in, turns results into verdicts, and decides the line's state."""
