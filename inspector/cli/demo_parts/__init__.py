"""What ``inspector demo-view`` is made of: its folder, its processes, and what its own page shows of them."""
