"""Links of e-mails: to the page where a user signs in and can act. A link changes nothing by itself.

The id is in the fragment, which never reaches a server or its logs. A bare id is that of a request.
"""

from guestkey import settings
from guestkey.rules.limits import ULID


def to_request(request_id: str) -> str:
    """Return the address of the page on which a request is answered. Raises ValueError if none can be made."""
    if not _is_web_address(settings.BASE_URL) or not ULID.fullmatch(request_id):
        raise ValueError("no link can be made of this BASE_URL and this request's id")
    return f"{_page()}#{request_id}"


def to_grant(grant_id: str) -> str | None:
    """Return the address of the page on which a grant can be revoked.

    None if none can be made of this BASE_URL: a notice is worth more than its link.
    """
    if not _is_web_address(settings.BASE_URL) or not ULID.fullmatch(grant_id):
        return None
    return f"{_page()}#grant={grant_id}"


def _is_web_address(base_url: str) -> bool:
    return base_url.startswith(("https://", "http://"))


def _page() -> str:
    return f"{settings.BASE_URL}/activate"
