"""Client of Guestkey for the vendor's backend: check every support entry, and register tenants and agents."""

from guestkey_client.calls import Action, Answer, Entry, action_of
from guestkey_client.client import AsyncGuestkey, Guestkey
from guestkey_client.errors import GuestkeyError, NoEntry, Refused, Unavailable
from guestkey_client.guard import AsgiGuard, Guard
from guestkey_client.records import Agent, Department, Desk, Right, Tenant
from guestkey_client.tokens import ClientCredentials

__all__ = [
    "Action",
    "Agent",
    "Answer",
    "AsgiGuard",
    "AsyncGuestkey",
    "ClientCredentials",
    "Department",
    "Desk",
    "Entry",
    "Guard",
    "Guestkey",
    "GuestkeyError",
    "NoEntry",
    "Refused",
    "Right",
    "Tenant",
    "Unavailable",
    "action_of",
]
