"""Installs what `make deb` and `make offline` build, where there is no network."""
