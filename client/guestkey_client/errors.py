"""The errors that this package raises."""

from typing import Any


class GuestkeyError(Exception):
    """The base class of all errors of this package."""


class Refused(GuestkeyError):
    """Raised if Guestkey refuses the call. The caller must correct the request or the token.

    `code` is stable and names the reason. It is None if API Gateway refused the call: 401 for an invalid token, 403 for
    a missing scope. `problem` is the JSON of the response, for example with the `errors` of `input_invalid`.
    """

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.code: str | None = problem.get("code")
        super().__init__(f"{status} {self.code or problem.get('message')}")


class Unavailable(GuestkeyError):
    """Raised if there is no usable response: Guestkey could not be reached in time, or its response is invalid.

    A PUT may have been stored or not; it may be repeated. `retry_after` is in seconds, and 0 if the response has none.
    """

    def __init__(self, detail: str, retry_after: float = 0) -> None:
        self.retry_after = retry_after
        super().__init__(detail)


class NoEntry(GuestkeyError):
    """Raised if the agent may not enter. `reason` is that of the check, or `unavailable` if the check failed."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"support may not enter: {reason}")
