"""Requests for a grant: made by an agent, answered by a user."""
