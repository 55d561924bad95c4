"""Operating points: thresholds chosen from held-out frames, with a bound on the miss rate."""
