"""Fuzzing of everything that reads bytes from outside: one target for each decoder, a kept corpus, and a runner.

``python -m tests.fuzz --seconds 60`` runs every target for a minute, each in a process of its own: with coverage guidance where ``atheris``
is installed, else with inputs that hypothesis draws. ``target.py`` says what a target is and what a decoder promises, ``limits.py`` tries one
input, ``guided.py`` and ``drawn.py`` are the two kinds of run, ``corpus.py`` the inputs that are kept, ``targets/`` the decoders.
"""
