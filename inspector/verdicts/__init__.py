"""Turns the engines' results into the verdict of a frame.

``judge`` makes the outcome: ``defects`` measures the regions on the class bitmask, by a compiled pass (``native``) or by numpy where there is
none (``numpy_pass``), and encodes it; ``rules`` decides which of them reject a sheet.
``ledger`` holds every open frame and lets each be settled once; ``deadline`` settles those whose deadline has passed. Nothing
here depends on cameras, engines or publishing.
"""
