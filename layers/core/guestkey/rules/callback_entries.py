"""Ledger entries about call-backs: their data, and the slots that are read back from them."""

from dataclasses import dataclass
from datetime import datetime

from guestkey.rules.callbacks import Callback
from guestkey.rules.instants import instant, text_of
from guestkey.rules.ledger import By, ByType, Data, Entry, Note, What, salted_digest
from guestkey.rules.slots import Slot


@dataclass(frozen=True, kw_only=True)
class SlotChange:
    """The slot of a call-back before and after one change."""

    slot: Slot | None
    """None for a call-back in the queue, and for a cancelled one."""
    earlier: Slot | None
    version: int
    by: ByType = ByType.USER
    """Who changed it: its customer, support or the vendor."""

    @property
    def is_move(self) -> bool:
        """Whether the slot differs from the earlier one. A move to the queue, and a first booking, are moves, too."""
        return self.slot != self.earlier


def note(callback: Callback, what: What, by: By, now: datetime, before: Callback | None = None) -> Note:
    """Return the ledger entry's content for a changed call-back, in which typed texts are hashes."""
    return Note(what=what, by=by, about=callback.callback_id, data=_data(callback, what, before or callback), at=now)


def _data(callback: Callback, what: What, before: Callback) -> Data:
    data: dict[What, Data] = {
        What.CALLBACK_BOOKED: {
            "topic": callback.topic,
            "version": callback.version,
            "description_sha256": _description(callback),
            **_slot_data(callback.slot),
        },
        What.CALLBACK_MOVED: {
            "version": callback.version,
            **_slot_data(callback.slot),
            **_slot_data(before.slot, "earlier_"),
            "description_sha256": _description(callback),
            "is_phone_changed": callback.phone != before.phone,
            "released_from": _taker(before) if callback.taken_by is None else None,
            "reason_sha256": _reason(callback),
        },
        What.CALLBACK_CANCELLED: {
            "version": callback.version,
            **_slot_data(before.slot, "earlier_"),
            "reason_sha256": _reason(callback),
        },
        What.CALLBACK_RELEASED: {"agent_id": _taker(before)},
        What.CALLBACK_HANDED: {"agent_id": _taker(callback), "earlier_agent_id": _taker(before)},
        What.CALLBACK_CLOSED: {
            "outcome": callback.closed_as,
            "note_sha256": salted_digest(callback.note, callback.note_salt),
        },
        What.CALLBACK_STRANDED: {
            "cause": callback.stranded_by,
            "version": callback.version,
            **_slot_data(callback.slot),
        },
    }
    return data.get(what, {})


def _taker(callback: Callback) -> str | None:
    return callback.taken_by.agent_id if callback.taken_by else None


def _description(callback: Callback) -> str | None:
    """Return the hash of the description; None for one from before there were salts."""
    return salted_digest(callback.description, callback.description_salt) if callback.description_salt else None


def _reason(callback: Callback) -> str | None:
    return salted_digest(callback.reason, callback.reason_salt)


def slot_change(entry: Entry) -> SlotChange:
    """Return the slots of a ledger entry about a call-back that was booked, moved, cancelled or stranded."""
    slot, earlier = _slot_from(entry.data), _slot_from(entry.data, "earlier_")
    return SlotChange(slot=slot, earlier=earlier, version=int(entry.data["version"] or 0), by=entry.by.type)


def _slot_data(slot: Slot | None, prefix: str = "") -> Data:
    return {
        f"{prefix}starts_at": text_of(slot.starts_at) if slot else None,
        f"{prefix}ends_at": text_of(slot.ends_at) if slot else None,
    }


def _slot_from(data: Data, prefix: str = "") -> Slot | None:
    starts_at, ends_at = data.get(f"{prefix}starts_at"), data.get(f"{prefix}ends_at")
    if starts_at is None:
        return None
    return Slot(starts_at=instant(str(starts_at)), ends_at=instant(str(ends_at)))
