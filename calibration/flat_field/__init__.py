"""Flat fields: dark and white references become an offset and a gain for each pixel, or each column, of one camera."""
