"""Archived frames for a person to judge."""
