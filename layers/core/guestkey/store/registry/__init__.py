"""The registry: tenants and rights, agents and departments, and the tenant that owns an id."""
