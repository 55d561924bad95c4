"""Tests of inspector.control."""
