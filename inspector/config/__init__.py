"""The typed configuration tree: one section per file, every field documented, unknown keys refused.

``inspector.config.tree.LineConfig`` is the root; ``inspector.config.load`` reads it from YAML and words what is wrong.
"""
