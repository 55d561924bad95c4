"""What only a GPU can show. Everything here skips elsewhere, and says why."""
