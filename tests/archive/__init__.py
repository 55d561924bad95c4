"""Tests of the defect archive."""
