"""Metrics for the alarms, as log lines in CloudWatch's embedded metric format."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from guestkey import settings

NAMESPACE = "Guestkey"


def count(name: str, **facts: Any) -> None:
    """Add one to a metric of this stack. The facts are written into the same log line."""
    of_stack = {"stack": settings.STACK_NAME}
    unit = MetricUnit.Count
    with single_metric(name, unit, value=1, namespace=NAMESPACE, default_dimensions=of_stack) as metric:
        for fact, value in facts.items():
            metric.add_metadata(fact, value)
