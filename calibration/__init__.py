"""Everything that is calibrated: values found by measuring known frames, kept apart from weights and from the line's configuration.

A package for each kind of calibration; it may use ``engines``, which never imports it, and it imports neither the line nor another kind.

thresholds   operating points of a bundle, chosen on held-out frames with a bound on the gate's miss rate
flat_field   offset and gain of each pixel or column of a camera, from dark and white frames
scale        millimetres per pixel and the distortion of the lens, from a ruled target or known distances
"""
