"""The version of the package, apart from ``inspector/__init__.py`` so that no package below has to import that."""

__version__ = "0.1.0"
