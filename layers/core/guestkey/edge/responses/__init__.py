"""Response bodies, one module for each entity."""
