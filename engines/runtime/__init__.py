"""Runs a bundle's networks on this machine: the ``Engine`` protocol and the runtimes behind it.

A runtime only computes: it takes frames, answers through a callback, and knows nothing of rings, processes or verdicts.
"""
