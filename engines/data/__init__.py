"""Labelled frames: reading data sets of any layout, finding frames that show the same thing, splitting, checking. No torch."""
