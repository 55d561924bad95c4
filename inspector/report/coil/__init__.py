"""The report of a coil: one content, as a page, as PDF, as CSV and as JSON."""
