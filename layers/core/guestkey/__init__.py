"""Guestkey: without a live grant from the customer nobody from support gets in."""
