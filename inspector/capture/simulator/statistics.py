"""Figures the simulator takes from real strip.

Grey levels, margins and illumination: measured on the 134 original frames (8-bit, 256x1600) of a sample of the Kaggle set
"Severstal: Steel Defect Detection". Defect sizes, places and counts: from 5,406 run-length rows and 12,468 frame labels of
the same set. Percentiles are 5, 25, 50, 75, 95 unless told otherwise. Lengths are px at ``REFERENCE_HEIGHT`` rows and grow
with the frame height. Only these figures are kept here, none of the data.
"""

from __future__ import annotations

REFERENCE_HEIGHT = 256
"""Rows of a frame at which lengths in this package are given."""

DEFECTIVE_SHARE = 0.53
"""Share of the labelled frames that hold a defect (6,609 of 12,468)."""

COMPANION_SHARE = 0.064
"""Share of the defective frames that hold a second class."""

COMPANIONS = (
    (0.0, 0.28, 0.72, 0.0),
    (0.71, 0.0, 0.27, 0.02),
    (0.23, 0.04, 0.0, 0.73),
    (0.0, 0.003, 0.997, 0.0),
)
"""Second class given the first, where there is one: rows and columns pitting, inclusion, scratches, corrosion."""

GREY_MEAN = (99.0, 20.0)
"""Mean and deviation of the mean grey of the steel. Percentiles of the mean: 64, 87, 99, 111, 134."""

VERTICAL_GRADIENT = (0.45, 0.16)
"""Bottom minus top brightness as a share of the mean (mean, deviation): the light stands below the lower edge.
Measured 17, 37, 44, 57, 97 grey at a mean of 99."""

GRAIN_DEVIATION = (0.042, 0.115)
"""Range of the deviation of grain finer than 12 px as a share of the mean. Measured 5.9, 8.9, 11.6, 15.8, 25.7 grey,
the upper half including stains, marks and defects."""

COLUMN_DEVIATION = (0.10, 0.30)
"""Range of the deviation of the column means as a share of the mean. Measured 7.6, 12.5, 16.2, 21.9, 35.4 grey."""

MARGIN_SHARE = 0.34
"""Share of the frames with a black margin beside the strip (13 % left, 21 % right, none with both)."""

MARGIN_RIGHT_SHARE = 0.61
"""Share of the margins that lie on the right."""

MARGIN_WIDTH_QUANTILES = (0.02, 0.035, 0.08, 0.246, 0.50, 0.857)
"""Margin width as a share of the frame width at the quantiles 0, 5, 25, 50, 75, 95 %."""

MARGIN_GREY = (0.7, 8.0)
"""Range of the grey level beyond the strip edge. Measured 0.7, 1.9, 2.7, 4.6, 8.7, with a deviation of 0.8."""

PITTING_COUNT = (1, 1, 1, 1, 2, 2, 2, 3, 4, 5, 6, 8, 10)
"""Pitting regions in a frame, equally likely values. Measured 1, 1, 2, 5, 10; mean 3.4."""

PITTING_HEIGHT = (24.0, 33.0, 44.0, 64.0, 165.0)
"""Height of a pitting region, px; its width: 17, 21, 26, 32, 51."""

INCLUSION_COUNT = (1, 1, 1, 1, 2)
"""Inclusion regions in a frame, equally likely values. Measured 1, 1, 1, 2, 2; mean 1.3."""

INCLUSION_HEIGHT = (75.0, 123.0, 168.0, 216.0, 256.0)
"""Height of an inclusion region, px; its width: 10, 14, 19, 25, 34. 68 % touch the upper or lower border."""

SCRATCH_COUNT = (1, 1, 1, 2, 2, 3, 4, 6)
"""Scratch regions in a frame, equally likely values. Measured 1, 1, 2, 4, 7; mean 2.9."""

SCRATCH_HEIGHT = (21.0, 63.0, 154.0, 255.0, 256.0)
"""Height of a scratch region, px; its width: 13, 22, 33, 66, 374. 34 % cross the whole frame."""

CORROSION_COUNT = (1, 1, 1, 2, 2, 3, 4)
"""Corrosion regions in a frame, equally likely values. Measured 1, 1, 2, 3, 6; mean 2.3."""

CORROSION_WIDTH = (29.0, 70.0, 126.0, 212.0, 465.0)
"""Width of a corrosion region, px."""

CORROSION_ASPECT = (0.26, 0.51, 0.79, 1.13, 2.01)
"""Height of a corrosion region by its width; the height itself: 25, 60, 100, 158, 250 px. 32 % touch the upper or lower
border."""
