"""Figures of a line over days, counted once from its journal."""
