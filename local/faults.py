"""The error of the local commands: one sentence for the person who runs the command."""


class Fault(Exception):
    """Raised for an error that the user can correct. The command prints the message and exits with code 1."""
