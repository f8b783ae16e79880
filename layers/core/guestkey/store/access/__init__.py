"""Who may enter, and who did: grants, live keys, logins, refusals."""
