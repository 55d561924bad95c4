"""Everything that is calibrated: values found by measuring known frames, kept apart from weights and from the line's configuration.

A package for each kind of calibration; it may use ``engines``, which never imports it, and it never imports the line.

thresholds   operating points of a bundle, chosen on held-out frames with a bound on the gate's miss rate

Flat field (gain and offset of each pixel, from frames of an even target) belongs into ``calibration/flat_field``, and scale (mm per px and
lens distortion, from frames of a ruled target) into ``calibration/scale``, each a package beside ``thresholds`` that imports neither.
"""
