"""The search for defects that repeat along the strip, behind `roll_marks.py`: ``docs/coil-roll-marks.md`` says how it works, and what it promises."""
