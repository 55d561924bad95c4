"""The typed configuration: one section per file, every field documented, unknown keys refused.

``inspector.config.tree.LineConfig`` is the root; ``inspector.config.load`` reads it from YAML and makes the error messages.
"""
