"""What makes a program a service: signals that end it cleanly, and figures of what it is doing."""
