"""Many concurrent callers, each on its own thread and connection."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Barrier, Event

import httpx

from tests.journeys.calls import Caller, connection

Job = Callable[[], httpx.Response]


@dataclass(frozen=True)
class Stamped:
    """An answer with the times of its request and its arrival, on this machine's monotonic clock."""

    started: float
    ended: float
    answer: httpx.Response

    @property
    def seconds(self) -> float:
        return self.ended - self.started


def stamped(job: Job) -> Stamped:
    started = time.monotonic()
    answer = job()
    return Stamped(started, time.monotonic(), answer)


def ask_until(over: Event, job: Job) -> list[Stamped]:
    """Run the job again and again until then, and once more after that."""
    answers = []
    while not over.is_set():
        answers.append(stamped(job))
    return [*answers, stamped(job)]


@contextmanager
def connections(caller: Caller, count: int) -> Iterator[list[Caller]]:
    """Yield the same caller on that many connections."""
    with ExitStack() as open_clients:
        url = str(caller.client.base_url)
        yield [caller.over(open_clients.enter_context(connection(url, most=1))) for _ in range(count)]


def at_once[T](jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Start all jobs at the same moment, each on its own thread, and return their results."""
    barrier = Barrier(len(jobs))

    def start(job: Callable[[], T]) -> T:
        barrier.wait(timeout=30)
        return job()

    with ThreadPoolExecutor(max_workers=len(jobs)) as threads:
        return list(threads.map(start, jobs))
