"""Operating points: thresholds chosen on held-out frames, apart from training and from the line."""
