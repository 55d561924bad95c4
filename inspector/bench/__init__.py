"""Measures this machine with a bundle: the engines alone, the line against what the engines allow, latency under load, memory.

Machines are shared and their speed varies, so figures that are compared are measured alternately in one run, in several repetitions, and the
ratios are reported. The line is the real one; its camera is the simulator with a pre-rendered pool.
"""
