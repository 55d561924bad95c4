"""Whole sheets: the verdicts of the frames that show one sheet become one verdict.

``collector.py`` is fed with the frames' verdicts and publishes those of sheets. Which frames are a sheet, and when it is over, is decided by one of
``by_frame.py``, ``by_part.py`` and ``by_length.py``; ``combining.py`` makes the verdict, ``overlap.py`` counts each defect once. All but the collector
are pure: they have no thread and no clock.
"""
