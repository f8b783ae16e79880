"""Adapters to the outside: HTTP, e-mail, the table's stream, the log."""
