"""Who may do what at the pages: users and roles, logins and sessions, hosts, TLS, and what every request has to be."""
