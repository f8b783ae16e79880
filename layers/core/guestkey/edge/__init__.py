"""What touches the outside world: HTTP, callers, the clock, the log.

Whoever imports this is a function about to start. Nearly all that it makes meanwhile stays for good, and looking for
garbage in it takes a tenth of a cold start's CPU: the collector rests until `http.serve` wakes it.
"""

import gc

gc.disable()
