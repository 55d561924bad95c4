"""Frame identity, the outcome of a frame, the clock, and the shared-memory ring that holds the pixels, with its leases.

The vocabulary every other layer shares: nothing here knows about cameras, engines, rules or sockets.
"""
