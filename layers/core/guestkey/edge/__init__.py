"""What touches the outside world: HTTP, callers, the clock, the log."""
