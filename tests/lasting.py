"""The resources whose replacement loses data or an address, with the properties that CloudFormation cannot change.

`python -m tests.lasting` records them after a change that is meant. Such a change needs a way for stacks in use: see
the page of upgrades, or write one.
"""

import json
from typing import Any

from tests import stack, translated

RECORD = stack.PROJECT / "tests/recorded/lasting.json"
LASTING = {
    "AWS::ApiGatewayV2::Api",
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::Logs::LogGroup",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::EmailIdentity",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
}
ALSO_FIXED = {
    # Another key of an index is another index, which CloudFormation does not put in its place in one update. Another
    # view is another stream, of which no function has read a record.
    "AWS::DynamoDB::Table": ("AttributeDefinitions", "GlobalSecondaryIndexes", "StreamSpecification"),
    # Cognito never changes or removes an attribute.
    "AWS::Cognito::UserPool": ("Schema", "UsernameAttributes", "AliasAttributes", "UsernameConfiguration"),
}
"""Properties that CloudFormation's schema allows to change, and the service does not."""


def fixed(kind: str) -> set[str]:
    """Return the properties of a type whose change replaces the resource, by CloudFormation's own schema."""
    # Imported here: it takes a second, and every worker of every run imports this module.
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(stack.REGION, kind).schema
    named = [*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ())]
    return {name.removeprefix("/properties/").partition("/")[0] for name in named} | set(ALSO_FIXED.get(kind, ()))


def lasting(template: dict[str, Any]) -> dict[str, Any]:
    """Return each lasting resource of a translated template: its condition, type and the properties that are fixed."""
    return {
        name: {
            "Type": made["Type"],
            "Condition": made.get("Condition"),
            **{key: made.get("Properties", {}).get(key) for key in sorted(fixed(made["Type"]))},
        }
        for name, made in sorted(template["Resources"].items())
        if made["Type"] in LASTING
    }


def replaced(template: dict[str, Any]) -> set[str]:
    """Return what an update would replace or delete, as `Table.KeySchema`, and what the record lacks."""
    before, after = json.loads(RECORD.read_text()), lasting(template)
    return set(before.keys() ^ after.keys()) | {
        f"{name}.{key}"
        for name in before.keys() & after.keys()
        for key in before[name].keys() | after[name].keys()
        if before[name].get(key) != after[name].get(key)
    }


if __name__ == "__main__":
    RECORD.write_text(json.dumps(lasting(translated.template()), indent=1) + "\n")
