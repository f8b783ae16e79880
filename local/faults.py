"""What can go wrong on the way up, said in one sentence to the person who asked for it."""


class Fault(Exception):
    """Something the person at the keyboard can act on; the command prints it and exits with 1."""
