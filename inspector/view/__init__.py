"""``inspector view``: pages that show running lines and their coils, a process of its own beside them. It reads what a line publishes and writes nothing."""
