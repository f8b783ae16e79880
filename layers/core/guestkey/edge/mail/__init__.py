"""E-mail: texts, composing, sanitising, sending, calendar invitations."""
