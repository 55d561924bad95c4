"""Training of the gate and the segmenter: samples, split, augmentation, losses, the loop, and the demo bundle's recipe."""
