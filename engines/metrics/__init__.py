"""Figures of merit, one of each: what training, calibration, evaluation and reports all measure by. No torch.

The ground of this project's figures: it imports NumPy and OpenCV, and of the project nothing. A figure over many frames is an
accumulator that is fed frame by frame, or a function of arrays; its memory does not grow with the number of frames.

per pixel    ``overlap`` counts a frame once; ``dice`` makes every Dice and IoU of it; ``detection`` asks only whether a class was noticed
per defect   ``regions`` labels the connected regions of a class; ``defects`` matches true and marked ones by IoU
per frame    ``confusion`` at one threshold; ``threshold_sweep`` at all of them: ROC, precision and recall, their areas
certainty    ``clopper_pearson``, ``betting``, ``conformal`` bound a miss rate; ``bootstrap`` gives intervals by groups of frames
"""
