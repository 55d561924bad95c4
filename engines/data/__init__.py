"""Labelled frames: reads data sets of several layouts, finds near-duplicates, makes splits, and checks data sets. No torch."""
