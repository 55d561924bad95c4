"""Measures this machine with a bundle: the engines alone, the line against what the engines allow, latency under load, memory.

Machines are shared and noisy, so everything that is compared is measured in turn within one run, several rounds of it, and what
counts are the ratios. The line is the real one; its camera is the simulator with a pre-rendered pool.
"""
