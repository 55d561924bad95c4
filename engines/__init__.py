"""Makes the engines and runs them. Never imports ``inspector``.

``engines.bundle`` and ``engines.runtime`` are all the line uses; everything that needs torch lives in ``engines.networks``,
``engines.training`` and ``engines.export``.
"""
