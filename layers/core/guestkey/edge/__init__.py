"""What touches the outside world: HTTP, callers, the clock, the log.

Whoever imports this is a function about to start. Nearly all that it makes meanwhile stays for good, and looking for
garbage in it takes a tenth of a cold start's CPU: the collector rests until the function's module ends with `ready`.
"""

import gc

gc.disable()


def ready() -> None:
    """Wake the collector: a function's imports are over. What is there now is never looked through again."""
    gc.freeze()
    gc.enable()
