"""Access: grants, live keys, logins, refusals."""
