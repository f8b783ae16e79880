"""A notice on its way: to those who have not got it yet, and marked afterwards."""

from guestkey.edge import mail
from guestkey.edge.letters import Kind
from guestkey.edge.log import Said
from guestkey.edge.mail import Mail
from guestkey.store import notices
from guestkey.store.notices import Notice


def tell(kind: Kind, notice: Notice, letter: Mail) -> Said:
    """Mail a notice to those who have not got it yet, and return what the log may say.

    Raises MailFailed if some still have not. A user's address is what a token says: one that is none gets nothing.
    """
    untold = [address for address in notice.untold if mail.is_address(address)]
    if untold:
        try:
            mail.send(letter, untold)
        except mail.MailFailed as failed:
            notices.remember(notice, set(untold) - set(failed.unsent))
            raise
        notices.remember(notice, untold)
    return {"notice": kind, "mailed": len(untold)}
