"""What CloudFormation creates for each combination of the parameters that decide on resources.

The gate takes one factor at a time and all together, the nightly run every combination.
"""

import itertools
import json
import re
import subprocess
from collections import ChainMap
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests import stack, translated
from tests.rows_and_columns import IS_NIGHTLY, each_row, probes

EXAMPLES = translated.EXAMPLES
DOMAIN = {name: EXAMPLES[name] for name in ("DomainName", "CertificateArn")}
ZONE = DOMAIN | {"HostedZoneId": EXAMPLES["HostedZoneId"]}
EDGE = {"WebAclArn": EXAMPLES["WebAclArn"]}
FACTORS: dict[str, list[dict[str, str]]] = {
    "stage": [{}, {"Protection": "no"}, {"Stage": "development"}],
    "pools": [{}, {"CreateUserPools": "yes"}],
    "domain": [{}, DOMAIN, ZONE, EDGE, EDGE | DOMAIN, EDGE | ZONE],
    "address": [{"BaseUrl": EXAMPLES["BaseUrl"]}, {}],
    "mails": [{}, {"MailSender": EXAMPLES["MailSender"], "MailDomain": EXAMPLES["MailDomain"]}],
    "monitoring": [{}, {"OperatorMail": EXAMPLES["OperatorMail"]}, {"Monitoring": "no"}],
    "origins": [{}, {"AllowedOrigins": EXAMPLES["AllowedOrigins"]}],
    "concurrency": [{}, {"CheckConcurrency": "50", "RevokeConcurrency": "20"}],
}


def few_combinations() -> list[dict[str, str]]:
    """Return the combinations that differ from the defaults in one factor, and the one of all last levels."""
    defaults = [levels[0] for levels in FACTORS.values()]
    few = [defaults, [levels[-1] for levels in FACTORS.values()]]
    for place, levels in enumerate(FACTORS.values()):
        few += [[*defaults[:place], level, *defaults[place + 1 :]] for level in levels[1:]]
    return [dict(ChainMap(*chosen)) for chosen in few]


def combinations() -> list[dict[str, str]]:
    """Return the few combinations, and each night all."""
    every = [dict(ChainMap(*chosen)) for chosen in itertools.product(*FACTORS.values())] if IS_NIGHTLY else []
    return probes(*few_combinations(), rest=every)


def missing(made: dict[str, Any]) -> set[str]:
    """Return what resources and outputs refer to and neither the stack nor its parameters have."""
    known = made["Resources"].keys() | stack.template()["Parameters"].keys()
    return {name for name in _named(made) if name not in known and not name.startswith("AWS::")}


def _named(said: Any) -> Iterator[str]:
    match said:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), _]} | {"Fn::GetAtt": str(name)}:
            yield name.partition(".")[0]
        case {"Fn::Sub": [str(text), dict(own)]}:
            yield from _variables(text, own)
            yield from _named(own)
        case {"Fn::Sub": str(text)}:
            yield from _variables(text, {})
        case {"Type": str(), "DependsOn": on}:
            yield from [on] if isinstance(on, str) else on
            yield from _named({name: one for name, one in said.items() if name != "DependsOn"})
        case dict():
            for one in said.values():
                yield from _named(one)
        case list():
            for one in said:
                yield from _named(one)


def _variables(text: str, own: dict[str, Any]) -> Iterator[str]:
    for name in re.findall(r"\$\{([^!}][^}]*)\}", text):
        if name not in own:
            yield name.partition(".")[0]


def made_of(given: dict[str, str]) -> dict[str, Any]:
    """Return what CloudFormation creates with these parameters."""
    # Only these decide on the translation; CloudFormation reads all others itself.
    by_sam = {name: given[name] for name in ("Stage", "Protection") if name in given}
    return translated.resolved(translated.template(**by_sam), **given)


@each_row("given", combinations())
def test_nothing_refers_to_what_this_combination_does_not_create(given: dict[str, str]) -> None:
    assert missing(made_of(given)) == set()


@each_row("given", combinations())
def test_every_combination_has_one_public_address_and_links_only_to_it(given: dict[str, str]) -> None:
    made = made_of(given)
    url = stack.value_of(made["Outputs"]["ApiUrl"]["Value"], stack.parameters(**given))
    expected = f"https://{given['DomainName']}" if "DomainName" in given else None
    distribution = "https://Edge.DomainName" if "WebAclArn" in given else "Api.ApiEndpoint"

    assert url == (expected or distribution)
    servers = made["Resources"]["Api"]["Properties"]["Body"].get("servers")
    is_switched_off = servers is not None
    assert is_switched_off is ("DomainName" in given and "WebAclArn" not in given)
    if servers:
        assert servers == [
            {
                "url": {"Fn::Sub": "https://${DomainName}"},
                "x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": True},
            }
        ], "API Gateway warns of a server without a URL, and FailOnWarnings ends the deployment"
    assert made["Resources"]["Api"]["Properties"]["FailOnWarnings"] is True


def test_a_planted_reference_to_a_resource_with_another_condition_is_found() -> None:
    made = made_of({"Monitoring": "no"})
    made["Resources"]["Table"]["Metadata"] = {"planted": {"Fn::Sub": "x ${Alerts} ${AWS::Region} ${!Literal}"}}
    made["Outputs"]["Planted"] = {"Value": {"Fn::GetAtt": ["ApiDomain", "RegionalDomainName"]}}
    made["Resources"]["Bus"]["DependsOn"] = ["Table", "Edge"]

    assert missing(made) == {"Alerts", "ApiDomain", "Edge"}


@pytest.mark.nightly("it takes minutes: the gate lints the template with its conditions undecided")
def test_the_linter_finds_nothing_in_what_a_combination_creates(tmp_path: Path) -> None:
    for number, given in enumerate(few_combinations()):
        values = {name: {"Type": "String", "Default": value} for name, value in stack.parameters(**given).items()}
        made = made_of(given) | {"AWSTemplateFormatVersion": "2010-09-09", "Parameters": values}
        (tmp_path / f"{number}.json").write_text(json.dumps(made))

    # Decided conditions leave parameters unused, empty or of one value.
    ignored = ("--ignore-checks", "W2001", "W1030", "W1031")
    linter = stack.PROJECT / ".gates/bin/cfn-lint"
    run = subprocess.run(
        [linter, "--regions", stack.REGION, *ignored, "--template", *sorted(tmp_path.glob("*.json"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout


# ------------------------------------------------------------------ the distribution


def test_the_distribution_forwards_every_call_as_it_is_and_caches_the_web_files_only() -> None:
    made = made_of(EDGE | ZONE)["Resources"]
    settings = made["Edge"]["Properties"]["DistributionConfig"]
    default, (files,) = settings["DefaultCacheBehavior"], settings["CacheBehaviors"]

    assert settings["WebACLId"] == {"Ref": "WebAclArn"}
    assert default["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "CachingDisabled"
    forwarded = {behaviour["OriginRequestPolicyId"] for behaviour in (default, files)}
    assert forwarded == {"b689b0a8-53d0-40ab-baf2-68738e2966ac"}, "AllViewerExceptHostHeader"
    assert {route.method for route in stack.routes()} <= set(default["AllowedMethods"])
    assert (files["PathPattern"], files["CachePolicyId"]) == ("/assets/*", {"Ref": "WebFiles"})
    policy = made["WebFiles"]["Properties"]["CachePolicyConfig"]
    assert (policy["MinTTL"], policy["DefaultTTL"]) == (0, 0), "no-store is obeyed"
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert key["HeadersConfig"]["Headers"] == ["Origin"], "the answer names the origin that may read it"
    assert made["EdgeRecord"]["Properties"]["AliasTarget"]["DNSName"] == {"Fn::GetAtt": ["Edge", "DomainName"]}
    assert "ApiDomain" not in made


# ------------------------------------------------------------------ new versions

GRADUAL = ("CheckFunction", "LoginRecordFunction", "GrantFunction", "RevokeFunction")
READERS = GRADUAL[:2]
WRITING = ("GrantFunction", "RevokeFunction", "ApprovalFunction", "CleanupFunction")


def versions(template: dict[str, Any], **given: str) -> dict[str, str]:
    """Return the logical id of each gradually deployed function's version: another id is a new version."""
    # Without their routes the functions are translated ten times as fast.
    few = {name: template["Resources"][name] for name in (*GRADUAL, "Core")}
    without_routes = {
        name: made | {"Properties": {key: one for key, one in made["Properties"].items() if key != "Events"}}
        for name, made in few.items()
    }
    made = translated.translate(template | {"Resources": without_routes, "Outputs": {}}, **given)["Resources"]
    return {
        function: made[f"{function}Aliaslive"]["Properties"]["FunctionVersion"]["Fn::GetAtt"][0] for function in GRADUAL
    }


def read_by_functions() -> set[str]:
    """Return the parameters on which the environment or the runtime of all functions depends."""
    told: list[Any] = [stack.template()["Globals"]["Function"]]
    found: set[str] = set()
    while told:
        text = str(told.pop())
        for name in set(re.findall(r"'(\w+)'|\$\{(\w+)\}", text)):
            word = name[0] or name[1]
            if word in stack.template()["Conditions"] and word not in found:
                told.append(stack.template()["Conditions"][word])
            found.add(word)
    return {name for name in found if name in stack.template()["Parameters"]}


def test_a_version_is_new_whenever_a_parameter_of_the_environment_is() -> None:
    parameters = stack.resource("CheckFunction")["Environment"]["Variables"]["PARAMETERS"]["Fn::ToJsonString"]
    before = versions(stack.template())

    assert {one["Ref"] for one in parameters} == read_by_functions()
    for function in GRADUAL:
        assert stack.resource(function)["Environment"]["Variables"]["PARAMETERS"]["Fn::ToJsonString"] == parameters
    after = versions(stack.template(), ActingClaims="impersonator")
    assert all(before[function] != after[function] for function in GRADUAL)
    assert versions(stack.template(), Protection="no") == before, "a protected stack has the same versions"


def test_a_version_is_new_whenever_the_layer_or_the_code_is() -> None:
    before = versions(stack.template())
    with_layer, with_code = deepcopy(stack.template()), deepcopy(stack.template())
    with_layer["Resources"]["Core"]["Properties"]["Description"] = "Another layer."
    with_code["Resources"]["CheckFunction"]["Properties"]["MemorySize"] = 1024

    assert all(after != before[function] for function, after in versions(with_layer).items())
    changed = versions(with_code)
    assert [function for function in GRADUAL if changed[function] != before[function]] == ["CheckFunction"]


def test_versions_move_step_by_step_in_protected_production_only_and_back_on_an_alarm() -> None:
    for given, is_gradual in [({}, True), ({"Protection": "no"}, False), ({"Stage": "development"}, False)]:
        made = made_of(given)["Resources"]
        for function in GRADUAL:
            assert ("UpdatePolicy" in made[f"{function}Aliaslive"]) is is_gradual
            group = made.get(f"{function}DeploymentGroup")
            assert (group is not None) is is_gradual
            if group:
                assert group["Properties"]["AlarmConfiguration"]["Alarms"]
                assert "DEPLOYMENT_STOP_ON_ALARM" in group["Properties"]["AutoRollbackConfiguration"]["Events"]
    assert (
        made_of({"Monitoring": "no"})["Resources"]["CheckFunctionDeploymentGroup"]["Properties"]["AlarmConfiguration"]
        == {}
    )


def test_a_writer_changes_only_when_every_reader_has_changed() -> None:
    """An older reader would not obey a restriction of a new kind that a newer writer stores."""
    for function in WRITING:
        assert set(stack.template()["Resources"][function]["DependsOn"]) == {f"{reader}Aliaslive" for reader in READERS}
    for reader in READERS:
        assert not {on for on in dependencies(reader) if on in WRITING}


def dependencies(name: str) -> set[str]:
    """Return all resources that CloudFormation creates or updates before this one."""
    made, waiting = translated.template()["Resources"], [name, f"{name}Aliaslive"]
    found: set[str] = set()
    while waiting:
        for on in set(_named(made[waiting.pop()])) & made.keys() - found:
            found.add(on)
            waiting.append(on)
    return found


def test_each_of_these_functions_is_called_through_its_alias() -> None:
    called = {
        operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        for _, operation in translated.operations(translated.template())
    }
    for function in GRADUAL:
        (target,) = [uri for uri in called if f"${{{function}" in uri]
        assert f"${{{function}Aliaslive}}" in target
