"""Guestkey: support may enter a customer's account only under a live grant of the customer."""
