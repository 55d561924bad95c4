"""Checks what this machine has for a line, what is missing, and what each part is for.

Every check is independent of the others and returns findings; none raises, and none changes the machine. A check that could crash or hang
(a broken driver, a library built for another CPU) runs in a process of its own. ``checkup.py`` is the list of checks.
"""
