"""Patches of CloudFormation for stacks for customers: gradual deployments, and alarms on sums of metrics."""

from typing import Any

from local.patches.internals import provisioners

Properties = dict[str, Any]
CODE_DEPLOY = ("AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup")


def accept_gradual_deployments() -> None:
    """Create the resources of CodeDeploy as mere names. An alias moves to its new version at once.

    AWS moves the alias step by step, and back on an alarm; 1.5.33 knows no CodeDeploy and refuses the template. Drop
    the patch when ministack has CodeDeploy.
    """
    for kind in CODE_DEPLOY:
        provisioners._RESOURCE_HANDLERS[kind] = {"create": _create, "update": _update, "delete": _delete}


def accept_alarms_on_sums() -> None:
    """Create an alarm on an expression of several metrics as an alarm on the first of them.

    AWS computes the expression; 1.5.33 refuses the alarm. So such an alarm exists, with its name, threshold and
    actions, and watches too little. Drop the patch when ministack accepts `Metrics`.
    """
    put = provisioners._cw_metric_alarm_put

    def put_simplified(name: str, properties: Properties) -> Any:
        return put(name, _on_first_metric(properties) if properties.get("Metrics") else properties)

    provisioners._cw_metric_alarm_put = put_simplified


def _create(logical_id: str, _: Properties, stack_name: str) -> tuple[str, Properties]:
    return provisioners._physical_name(stack_name, logical_id, max_len=100), {}


def _update(physical_id: str, _old: Properties, _new: Properties, _stack_name: str) -> tuple[str, Properties]:
    return physical_id, {}


def _delete(physical_id: str, _: Properties) -> None:
    """Do nothing: there is no record."""


def _on_first_metric(properties: Properties) -> Properties:
    first: Properties = next(one["MetricStat"] for one in properties["Metrics"] if "MetricStat" in one)
    others: Properties = {name: value for name, value in properties.items() if name != "Metrics"}
    metric: Properties = first["Metric"]
    return others | metric | {"Period": first["Period"], "Statistic": first["Stat"]}
