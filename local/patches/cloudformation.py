"""What CloudFormation does on AWS beyond what ministack 1.5.33 does: HTTP APIs from OpenAPI, and dropped properties."""

from collections.abc import Callable
from typing import Any

from local.patches import openapi
from local.patches.internals import apigateway, changesets, dynamodb, handlers, lambda_svc, provisioners, ses_v2

Properties = dict[str, Any]
Finish = Callable[[str, Properties], Properties | None]
Transform = Callable[..., Any]


def import_api_bodies() -> None:
    """Give HTTP APIs their routes.

    AWS builds an HTTP API from the OpenAPI document in its `Body`, which is how SAM writes every `HttpApi`; 1.5.33
    ignores `Body` and deploys, "successfully", an API without a single route. Drop it when that changes.
    """
    _after_each_write("AWS::ApiGatewayV2::Api", _import_body)


def tell_sam_the_parameters() -> None:
    """Let the SAM transform know the stack's parameters.

    AWS hands them to it, since it puts some of them in place by itself, such as whose pages may call an API; 1.5.33
    hands it none, so that it takes the defaults. Drop it when it does.
    """
    for module in (changesets, handlers):
        module._apply_transforms = _with_values(module._apply_transforms)


def keep_table_settings() -> None:
    """Keep a table's TTL and point-in-time recovery.

    AWS takes both from the template; 1.5.33 takes them from its API only. Drop it when the template's are kept.
    """
    _after_each_write("AWS::DynamoDB::Table", _set_ttl_and_recovery)


def keep_function_settings() -> None:
    """Keep a function's dead-letter queue and reserved concurrency.

    AWS takes both from the template; 1.5.33 takes them from its API only. Drop it when the template's are kept.
    """
    _after_each_write("AWS::Lambda::Function", _set_dead_letters_and_concurrency)


def tell_dkim_records() -> None:
    """Tell the DNS records of a mail domain.

    AWS has them as attributes of the identity for `Fn::GetAtt`; 1.5.33 has none, and a stack with such an output fails.
    Drop it when an identity made by a template has tokens.
    """
    _after_each_write("AWS::SES::EmailIdentity", _dkim_records)


def _with_values(transform: Transform) -> Transform:
    def transform_with_values(template: Properties, given: list[Properties] | None = None, *more: Any) -> Any:
        declared = template.get("Parameters", {})
        values = {one["Key"]: {"Default": one["Value"]} for one in given or () if "Value" in one}
        known = {name: parameter | values.get(name, {}) for name, parameter in declared.items()}
        made = transform(template | {"Parameters": known}, given, *more)
        return made | {"Parameters": declared} if isinstance(made, dict) else made

    return transform_with_values


def _after_each_write(resource_type: str, finish: Finish) -> None:
    """Run `finish(physical id, properties)` whenever CloudFormation has created or updated such a resource.

    What it returns, if anything, are further attributes for `Fn::GetAtt`.
    """
    handler = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handler["create"], handler["update"]

    def create_and_finish(logical_id: str, properties: Properties, stack_name: str) -> tuple[str, Properties]:
        made: tuple[str, Properties] = create(logical_id, properties, stack_name)
        return made[0], made[1] | (finish(made[0], properties) or {})

    def update_and_finish(
        physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str | None = None
    ) -> tuple[str, Properties]:
        made: tuple[str, Properties] = update(physical_id, old, new, stack_name, logical_id)
        return made[0], made[1] | (finish(made[0], new) or {})

    handler["create"], handler["update"] = create_and_finish, update_and_finish


def _import_body(api_id: str, properties: Properties) -> None:
    if properties.get("Body"):
        openapi.import_into(apigateway, api_id, properties["Body"])


def _set_ttl_and_recovery(table: str, properties: Properties) -> None:
    if ttl := properties.get("TimeToLiveSpecification"):
        status = "ENABLED" if _is_true(ttl.get("Enabled")) else "DISABLED"
        dynamodb._ttl_settings[table] = {"TimeToLiveStatus": status, "AttributeName": ttl["AttributeName"]}
    if recovery := properties.get("PointInTimeRecoverySpecification"):
        dynamodb._pitr_settings[table] = _is_true(recovery.get("PointInTimeRecoveryEnabled"))


def _set_dead_letters_and_concurrency(function: str, properties: Properties) -> None:
    record = lambda_svc._functions[function]
    if "DeadLetterConfig" in properties:
        record["config"]["DeadLetterConfig"] = properties["DeadLetterConfig"]
    reserved = properties.get("ReservedConcurrentExecutions")
    record["concurrency"] = None if reserved is None else int(reserved)


def _dkim_records(identity: str, _: Properties) -> Properties:
    told = {}
    for number, token in enumerate([] if "@" in identity else ses_v2._dkim_tokens(identity), 1):
        told[f"DkimDNSTokenName{number}"] = f"{token}._domainkey.{identity}"
        told[f"DkimDNSTokenValue{number}"] = f"{token}.dkim.amazonses.com"
    return told


def _is_true(value: object) -> bool:
    """Read a boolean that a template may also spell as a string."""
    return str(value).lower() == "true"
