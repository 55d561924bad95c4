"""``inspector soak``: the daemon with everything around it, for hours, with faults at random; what must always hold is checked meanwhile.

run.py        starts the parts, reads what they say, ends them; the summary
plan.py       settings, addresses and the configurations that are generated from them
children.py   the processes: daemon (``cli/soak_daemon.py``), a second subscriber (``listener.py``), a reject controller (``gate.py``)
faults.py     what is done to them (``director.py`` chooses, and waits until the line is well again)
books.py      checks what the subscriber received; ``stored.py`` compares it with the journal, ``second.py`` with the second subscriber
audit.py      checks what the reject controller lets through
growth.py     memory, descriptors and threads of all processes
planting.py   the positive control: errors that are planted on purpose
"""
