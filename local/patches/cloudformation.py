"""Patches of CloudFormation: HTTP APIs from OpenAPI documents, and properties that ministack 1.5.33 ignores."""

import os
import re
from collections.abc import Callable
from typing import Any

from local.patches import openapi
from local.patches.internals import apigateway, changesets, dynamodb, handlers, lambda_svc, provisioners, ses_v2, stacks
from local.processes import LOOPBACK

Properties = dict[str, Any]
Finish = Callable[[str, Properties], Properties | None]
Transform = Callable[..., Any]

TOKEN_ENDPOINT = re.compile(r"https://[a-z0-9-]+\.auth\.[a-z0-9-]+\.amazoncognito\.com(?=/oauth2/token$)")


def import_api_bodies() -> None:
    """Create the routes of an HTTP API from its `Body`.

    AWS builds an HTTP API from the OpenAPI document in `Body`; SAM writes every `HttpApi` in this form. 1.5.33 ignores
    `Body` and deploys an API without routes, without an error. Drop the patch when ministack imports `Body`.
    """
    _after_each_write("AWS::ApiGatewayV2::Api", _import_body)


def name_reachable_api() -> None:
    """Return an address of the API that this machine can reach.

    AWS returns the address at which the API answers; 1.5.33 returns a host name that does not resolve, so that the
    output `ApiUrl` leads nowhere. The API answers at the root of the emulator's port (`front_door`). Drop the patch
    when the name of an API can be resolved everywhere.
    """
    _after_each_write("AWS::ApiGatewayV2::Api", _own_address)


def name_reachable_token_endpoint() -> None:
    """Return an address of Cognito's token endpoint that this machine can reach, where it is an output of a stack.

    AWS serves it under the domain of the user pool; 1.5.33 serves it at `/oauth2/token` of its port, for the clients of
    all pools, and the domain does not resolve. Drop the patch when the name of a domain can be resolved everywhere.
    """
    resolve = stacks._resolve_stack_outputs

    def resolve_here(*given: Any) -> Any:
        outputs, exports = resolve(*given)
        for one in outputs:
            one["OutputValue"] = TOKEN_ENDPOINT.sub(_address(), one["OutputValue"])
        return outputs, exports

    stacks._resolve_stack_outputs = resolve_here


def pass_parameters_to_sam() -> None:
    """Pass the stack's parameters to the SAM transform.

    AWS passes them, because the transform resolves some of them, for example the allowed CORS origins of an API.
    1.5.33 passes none, so that the transform uses the defaults. Drop the patch when ministack passes them.
    """
    for module in (changesets, handlers):
        module._apply_transforms = _with_values(module._apply_transforms)


def keep_table_settings() -> None:
    """Apply a table's TTL and point-in-time recovery settings.

    AWS reads both from the template; 1.5.33 accepts them through its API only. Drop the patch when ministack reads them
    from the template.
    """
    _after_each_write("AWS::DynamoDB::Table", _set_ttl_and_recovery)


def keep_function_settings() -> None:
    """Apply a function's dead-letter queue and reserved concurrency.

    AWS reads both from the template; 1.5.33 accepts them through its API only. Drop the patch when ministack reads them
    from the template.
    """
    _after_each_write("AWS::Lambda::Function", _set_dead_letters_and_concurrency)


def return_dkim_records() -> None:
    """Return the DKIM DNS records of a mail domain as attributes.

    AWS returns them as attributes of the identity for `Fn::GetAtt`; 1.5.33 returns none, and a stack with such an
    output fails. Drop the patch when an identity created by a template has these attributes.
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
    """Run `finish(physical id, properties)` after CloudFormation has created or updated a resource of this type.

    `finish` may return further attributes for `Fn::GetAtt`.
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


def _own_address(api_id: str, _: Properties) -> Properties:
    apigateway._apis[api_id]["apiEndpoint"] = _address()
    return {"ApiEndpoint": _address()}


def _address() -> str:
    return f"http://{LOOPBACK}:{os.environ['GATEWAY_PORT']}"


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
    records = {}
    for number, token in enumerate([] if "@" in identity else ses_v2._dkim_tokens(identity), 1):
        records[f"DkimDNSTokenName{number}"] = f"{token}._domainkey.{identity}"
        records[f"DkimDNSTokenValue{number}"] = f"{token}.dkim.amazonses.com"
    return records


def _is_true(value: object) -> bool:
    """Return whether a template's value is true. A template may write a boolean as a string."""
    return str(value).lower() == "true"
