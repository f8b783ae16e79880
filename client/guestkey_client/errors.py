"""Every way in which a call does not get what it asked for."""

from typing import Any


class GuestkeyError(Exception):
    """The base of all that this package raises."""


class Refused(GuestkeyError):
    """Guestkey said no to the call itself: what was sent must be mended, or the token.

    `code` is stable and says what is wrong. It is None where API Gateway refused before Guestkey was asked: 401 is the
    token, 403 its scope. `problem` has all that the answer said, such as the `errors` of `input_invalid`.
    """

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.code: str | None = problem.get("code")
        super().__init__(f"{status} {self.code or problem.get('message')}")


class Unavailable(GuestkeyError):
    """There is no answer that could be relied on: nobody was reached in time, or nothing was said that makes sense.

    Of a PUT it is unknown whether it was done; it may be put again. `retry_after` is in seconds, 0 where nobody said.
    """

    def __init__(self, detail: str, retry_after: float = 0) -> None:
        self.retry_after = retry_after
        super().__init__(detail)


class NoEntry(GuestkeyError):
    """The agent stays outside. `reason` is the check's own, or `unavailable` where no check could be had."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"support may not enter: {reason}")
