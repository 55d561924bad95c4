"""Parts of a daemon: signals that stop it cleanly, logging, and a latency histogram."""
