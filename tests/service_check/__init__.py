"""Proves the service on a real systemd, in containers of Debian: `make service-check`. See docs/service.md."""
