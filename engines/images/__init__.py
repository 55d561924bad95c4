"""What pictures are made of, below data sets and the line: both use the same code, so that both see the same frame."""
