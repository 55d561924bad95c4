"""Runs a bundle's networks on this machine: the ``Engines`` protocol and the runtimes behind it.

A runtime only computes: it takes frames, hands its outputs to a callback, and knows nothing of rings, processes or verdicts.
"""
