"""Frame identity, the outcome of a frame, the clock, and the shared-memory ring that holds the pixels, with its leases.

All other packages of ``inspector`` share these types. Nothing here depends on cameras, engines, rules or sockets.
"""
