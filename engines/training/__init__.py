"""Training of the gate and the segmenter: recipes, batches, augmentation, losses, and the training loop."""
