"""Request bodies, one module for each entity. A body with an unknown member is refused."""
