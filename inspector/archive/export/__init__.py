"""The archive as data sets of other programs. What their labels say was found by the segmenter: predictions, and marked as such, but for frames
that a person has reviewed."""
