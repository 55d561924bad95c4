"""What this machine has for a line, what is missing, and what each thing would give.

Every check looks for itself and hands back findings; none raises, none changes the machine, and what could crash or hang (a
broken driver, a library built for another CPU) is tried in a process of its own. ``checkup.py`` is the list of checks.
"""
