"""Figures of a frame that tell whether lamp, lens, camera and product are still as they were when the operating point was chosen.

``look`` computes them from a few rows, on the line and in calibration alike; ``build`` makes a reference of many frames, which the operating
point carries (``reference``); ``stability`` compares a window of frames with it. The line's part, with windows, limits and reports, is
``inspector.drift``.
"""
