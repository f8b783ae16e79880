"""The cold start of a function: every handler begins with `begin_cold_start()` and ends with `end_cold_start()`.

Nearly all objects that are created while modules are imported stay alive. The garbage collector would inspect them
again and again, which takes a tenth of the CPU of a cold start, so it is off until the imports are over.
"""

import gc
from collections.abc import Callable


def begin_cold_start() -> None:
    """Switch the garbage collector off while a handler imports its modules."""
    gc.disable()


def end_cold_start(*open_clients: Callable[[], object]) -> None:
    """Open clients ahead of the first request, then switch the garbage collector on.

    The objects created so far are frozen: no later collection inspects them.
    """
    for open_client in open_clients:
        open_client()
    gc.freeze()
    gc.enable()
