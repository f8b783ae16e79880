"""Few examples for each property, and the same ones each time: a mutant is run against many tests."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "mutation",
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
