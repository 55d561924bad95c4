"""Makes ``docs/protocol/vectors``: recorded messages with the answer each must get. ``python -m tests.protocol.vectors`` writes them."""
