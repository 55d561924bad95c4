"""Runs a bundle's networks on this machine: the ``Engines`` protocol and the runtimes that implement it.

A runtime only computes: it takes frames and passes its outputs to a callback. It does not depend on rings, processes or verdicts.
"""
