"""Bundles as an engineer makes them: from trained weights to a bundle that is exported, calibrated, described and proved.

Above ``engines`` (which exports) and ``calibration`` (which chooses operating points), and known to the commands alone. ``build`` needs the
training extra; the line never imports it.
"""
