"""Who may see what: sign-in, sessions, roles, limits to areas, the audit log, and what every answer's headers say."""
