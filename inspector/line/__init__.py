"""The line end to end: the parts in the order a frame meets them, and the one owner of the line's state."""
