"""Builds what the web function serves: files under hashed names, their colours and limits, and their headers."""
