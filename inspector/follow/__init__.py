"""``inspector coil follow``: reads a line's results, follows its coils, and publishes what it finds on them. A process of its own beside the line."""
