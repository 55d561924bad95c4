"""The control socket: takes commands for the running line from programs on this machine and, with a key, from others."""
