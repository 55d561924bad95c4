"""The shadow: a candidate bundle that inspects a sample of the frames beside the active one, and what it would have changed.

``sampling`` chooses the frames, ``session`` pairs and compares the two answers of each, ``answers`` says how they differ, ``counts`` adds up,
``figures`` makes the report of it, and ``shadow`` starts and stops all that.
"""
