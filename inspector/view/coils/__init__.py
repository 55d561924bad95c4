"""Coils that a journal holds: a process makes each, a desk starts and keeps them, addresses give them to pages."""
