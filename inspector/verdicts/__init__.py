"""From what the engines found to the one verdict of a frame.

``judge`` makes the outcome: ``defects`` measures the regions on the class bitmask, ``rules`` says which of them take a sheet
out. ``ledger`` holds every open frame and lets each be settled once; ``deadline`` settles those whose time is up. Nothing
here knows where frames come from, how engines run or where verdicts go.
"""
