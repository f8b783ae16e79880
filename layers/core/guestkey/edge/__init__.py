"""The outside world: HTTP, mail, the table's stream, the clock, the log."""
