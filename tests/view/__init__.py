"""The viewer, over real sockets: a line's publisher, the server, and pages or whoever pretends to be one."""
