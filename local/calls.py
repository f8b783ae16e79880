"""HTTP calls to this machine. They ignore the proxies of the environment, and an error status raises no exception."""

from http import HTTPStatus
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

_direct = build_opener(ProxyHandler({}))


def call(
    method: str, url: str, *, body: bytes | None = None, headers: dict[str, str] | None = None, patience: float = 60.0
) -> tuple[int, str]:
    """Send a request and return the status and the body of the response. `patience` is the time-out in seconds."""
    request = Request(url, data=body, headers=headers or {}, method=method)
    try:
        with _direct.open(request, timeout=patience) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode(errors="replace")


def answers(url: str, status: HTTPStatus = HTTPStatus.OK) -> bool:
    """Return whether a GET of this URL gets a response with this status within 5 seconds."""
    try:
        return call("GET", url, patience=5.0)[0] == status
    except OSError:
        return False
