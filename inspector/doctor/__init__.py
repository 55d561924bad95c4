"""What this machine has for a line, what is missing, and what each part would be good for.

Every check is independent of the others and returns findings; none raises, and none changes the machine. What could crash or hang
(a broken driver, a library built for another CPU) is tried in a process of its own. ``checkup.py`` is the list of checks.
"""
