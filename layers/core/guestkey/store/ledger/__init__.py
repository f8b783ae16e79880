"""A tenant's ledger, and work that follows from its entries: expiry, notices, the stream."""
