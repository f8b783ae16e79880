"""The table's stream: records, dead letters, the event bus, notices, reminders."""
