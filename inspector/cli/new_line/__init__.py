"""What `inspector init` consists of: the questions, the configuration they give, its text, and the server's keys."""
