"""The template agrees with the code: routes and rights, names of settings, keys, and the rules for parameters."""

import ast
import json
import re
import runpy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from guestkey.edge import metrics
from guestkey.edge.http.callers import OPEN_TO_ANYONE
from guestkey.edge.http.claims import SCOPES, VENDOR_ROUTES
from guestkey.edge.stream import handler
from guestkey.rules.people import GranteeType
from guestkey.rules.reminders import REMINDED_AHEAD
from guestkey.rules.requests import MAX_LIFE
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb import models as store_table
from guestkey.store.ledger import expiry, ledger, notices
from guestkey.store.ledger.stream import DIGEST_CLOSED_AT, REVIEW_NOTIFIED_AT
from tests import stack
from tests.factories import MONDAY_NOON
from tests.rows_and_columns import each_row

FUNCTIONS = stack.of_type("AWS::Serverless::Function")
PRODUCTION = stack.parameters()
WITH_POOLS = stack.parameters(CreateUserPools="yes")
ISSUERS = ("Tenant", "Support", "Vendor")
EXISTING = {
    **{f"{name}Issuer": f"https://{name}.example" for name in ISSUERS},
    "BaseUrl": "https://support.vendor.example",
    "MailSender": "support@vendor.example",
}
"""Parameters that have no default that works."""
PAGES = {f"{method} {path}" for method in ("GET", "HEAD") for path in ("/activate", "/{proxy+}", "/assets/{name}")}
WITHOUT_A_FRAMEWORK = {"CheckFunction": {"POST /v1/vendor/checks"}, "WebFunction": PAGES}
READ_BY_PYTHON = {"PYTHONTZPATH"}
"""A variable for the interpreter, which the code does not read."""
CALLED_BY_ALIAS = ("GrantFunction", "RevokeFunction", "LockdownFunction", "CheckFunction", "LoginRecordFunction")
PARSED = {"RETENTION_DAYS", "REQUEST_LIFE_SECONDS", "ACTING_CLAIMS", "RIGHT_VALUES"}
"""Variables whose settings are no text."""
MADE_BY_THE_STACK = {"TABLE_NAME", "MAIL_CONFIGURATION_SET", "EVENT_BUS", "DEAD_LETTER_QUEUE_URL"}
KEPT_BY_ONE = {"REMINDER_GROUP", "REMINDER_FUNCTION", "REMINDER_ROLE", "REMINDER_DEAD_LETTERS"}
"""Settings that name resources of the stack and depend on no parameter; the second set is for `notify` alone."""
MAILING = {f"arn:aws:ses:{stack.REGION}:{stack.ACCOUNT}:{name}" for name in ("identity/*", "configuration-set/MailSet")}
"""A function that sends mails needs both: SES checks the sender's identity and the configuration set."""
SENDING = {"ses:SendEmail", "ses:SendRawEmail"}
"""SES has one call for all mails. For raw MIME messages it requires the permission of the second action."""
OF_THE_STREAM = {
    "Table.Arn/stream/*": {f"dynamodb:{what}" for what in ("DescribeStream", "GetRecords", "GetShardIterator")},
    "*": {"dynamodb:ListStreams"},
    "Bus.Arn": {"events:PutEvents"},
    "DeadLetterQueue.Arn": {"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"},
}
"""Actions by resource that only functions with an event source mapping of the table's stream may have."""
OF_REMINDERS = {
    f"arn:aws:scheduler:{stack.REGION}:{stack.ACCOUNT}:schedule/Reminders/*": {
        f"scheduler:{what}" for what in ("CreateSchedule", "UpdateSchedule", "DeleteSchedule")
    },
    "ReminderRole.Arn": {"iam:PassRole"},
}
"""Actions by resource of the function that keeps the reminders of call-backs, and of no other."""
HANDLING_THE_STREAM = {
    mapping["FunctionName"]["Ref"] for mapping in stack.of_type("AWS::Lambda::EventSourceMapping").values()
}


def own_policies(function: str) -> list[dict[str, Any]]:
    """Return the policies of a function that no other function has."""
    return [policy for policy in FUNCTIONS[function].get("Policies", []) if "Statement" in policy]


def actions(function: str) -> dict[str, set[str]]:
    """Return the allowed actions by resource: `Table.Arn`, `Table.Arn/index/<name>`, those of mails and the stream.

    The policies of the template that several functions have only deny.
    """
    allowed: dict[str, set[str]] = {}
    for policy in own_policies(function):
        for statement in policy["Statement"]:
            assert statement["Effect"] == "Allow"
            resources = stack.value_of(statement["Resource"], PRODUCTION)
            for resource in resources if isinstance(resources, list) else [resources]:
                allowed.setdefault(resource, set()).update(statement["Action"])
    return allowed


# ------------------------------------------------------------------ functions and routes


def test_every_folder_is_a_function_and_every_function_a_folder() -> None:
    folders = {path.parent.name for path in (stack.PROJECT / "functions").glob("*/app.py")}

    assert {stack.folder_of(properties) for properties in FUNCTIONS.values()} == folders


def test_a_functions_name_is_its_folders() -> None:
    for name, properties in FUNCTIONS.items():
        assert name == "".join(word.title() for word in stack.folder_of(properties).split("_")) + "Function"


@each_row("route", stack.guarded_routes(), ids=lambda route: route.key)
def test_a_routes_prefix_says_who_may_come_through(route: stack.Route) -> None:
    match route.path.split("/")[2]:
        case "support":
            assert (route.authorizer, route.scopes) == ("Support", ())
        case "vendor":
            assert route.authorizer == "Vendor"
            assert route.scopes == (scope_of(route.path),)
        case _:
            assert (route.authorizer, route.scopes) == ("Tenant", ())


def scope_of(path: str) -> str:
    if path == "/v1/vendor/checks":
        return "guestkey/check"
    return "guestkey/rights" if path.endswith("/right") else "guestkey/registry"


def test_every_route_of_the_vendor_names_its_scope_and_no_other_route_does() -> None:
    """The code checks scopes, so that a refusal is a problem and any claim may carry them."""
    vendors = {route.key for route in stack.routes() if route.path.startswith(VENDOR_ROUTES)}

    assert SCOPES.keys() == vendors
    assert "AuthorizationScopes" not in (stack.PROJECT / "template.yaml").read_text()


def test_no_two_functions_have_the_same_route() -> None:
    found = [route.key for route in stack.routes()]

    assert len(found) == len(set(found))


def test_every_route_of_the_code_is_in_the_template_and_the_other_way_round() -> None:
    for name, properties in FUNCTIONS.items():
        source = (stack.PROJECT / "functions" / stack.folder_of(properties) / "app.py").read_text()
        coded = set(re.findall(r'@routes\.route\(\s*app,\s*"([A-Z]+ /[^"]+)"', source))
        deployed = {route.key for route in stack.routes() if route.function == name}
        assert coded == deployed or (coded == set() and deployed == WITHOUT_A_FRAMEWORK[name])


def test_each_route_with_a_throttle_of_its_own_exists() -> None:
    budgets = stack.resource("Api")["RouteSettings"]

    assert set(budgets) <= {route.key for route in stack.routes()}
    assert {"POST /v1/vendor/checks", "DELETE /v1/grants/{grant_id}"} <= set(budgets)


def test_each_authorizer_takes_the_token_from_the_header_and_wants_an_issuer_and_an_audience() -> None:
    authorizers = stack.resource("Api")["Auth"]["Authorizers"]

    assert set(authorizers) == set(ISSUERS)
    for name, authorizer in authorizers.items():
        assert authorizer["IdentitySource"] == "$request.header.Authorization"
        jwt = stack.value_of(authorizer["JwtConfiguration"], stack.parameters(**{f"{name}Issuer": "https://x"}))
        assert jwt == {"issuer": "https://x", "audience": [f"guestkey-{name.lower()}"]}


def test_no_page_of_another_origin_may_call_unless_it_is_named_exactly() -> None:
    cors, named = stack.resource("Api")["CorsConfiguration"], ["https://app.vendor.example", "https://vendor.example"]
    embedded = stack.value_of(cors, stack.parameters(AllowedOrigins=",".join(named)))

    assert stack.value_of(cors, stack.parameters()) is None
    assert embedded["AllowOrigins"] == named
    assert "AllowCredentials" not in embedded
    assert set(embedded["AllowMethods"]) == {route.method for route in stack.routes() if route.authorizer == "Tenant"}


@each_row(
    "origin", ["*", "https://*", "https://*.vendor.example", "https://app.vendor.example/", "app", "https://a.example,"]
)
def test_what_is_no_exact_origin_is_refused(origin: str) -> None:
    pattern = stack.template()["Parameters"]["AllowedOrigins"]["AllowedPattern"]

    assert not re.fullmatch(pattern, origin)
    assert re.fullmatch(pattern, "https://app.vendor.example:8443,http://127.0.0.1")
    assert re.fullmatch(pattern, "")


def test_no_route_is_open_but_the_pages_and_the_contact_whose_functions_know_nothing_of_any_customer() -> None:
    assert {route.key: route.function for route in stack.routes() if route.is_public} == {
        **dict.fromkeys(PAGES, "WebFunction"),
        **dict.fromkeys(OPEN_TO_ANYONE, "ContactFunction"),
    }
    assert actions("WebFunction") == {}
    assert actions("ContactFunction") == {"Table.Arn": {"dynamodb:Query"}}
    (policy,) = FUNCTIONS["ContactFunction"]["Policies"]
    assert [statement["Condition"] for statement in policy["Statement"]] == [
        {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [keys.DESK]}}
    ]


# ------------------------------------------------------------------ least privilege


@each_row("function", FUNCTIONS)
def test_a_function_may_do_named_things_to_the_table_may_mail_and_nothing_else(function: str) -> None:
    mailing = {resource for resource in actions(function) if resource.startswith("arn:aws:ses:")}
    assert mailing in (set(), MAILING)
    assert all(actions(function)[resource] == SENDING for resource in mailing)
    for resource, allowed in actions(function).items():
        if resource in mailing:
            continue
        if resource in OF_THE_STREAM:
            assert function in HANDLING_THE_STREAM or (function, resource) == (
                "ReminderFunction",
                "DeadLetterQueue.Arn",
            )
            assert allowed <= OF_THE_STREAM[resource]
            continue
        if resource in OF_REMINDERS:
            assert function == "NotifyFunction"
            continue
        assert resource == "Table.Arn" or resource.startswith("Table.Arn/index/")
        for action in allowed:
            assert re.fullmatch(r"dynamodb:[A-Za-z]+", action)
            assert action not in {"dynamodb:Scan", "dynamodb:DeleteTable", "dynamodb:UpdateTable"}
            assert not action.startswith("dynamodb:PartiQL")


def test_the_check_can_only_read_and_only_the_table_itself() -> None:
    assert actions("CheckFunction") == {"Table.Arn": {"dynamodb:GetItem", "dynamodb:Query"}}


def test_the_overview_can_only_read() -> None:
    allowed_to = [*actions("AccountFunction").values(), *actions("HistoryFunction").values()]
    assert {action for allowed in allowed_to for action in allowed} <= {
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:Query",
    }


@each_row("function", FUNCTIONS)
def test_an_index_can_only_be_queried_and_is_one_of_the_tables(function: str) -> None:
    indexes = {index["IndexName"] for index in stack.resource("Table")["GlobalSecondaryIndexes"]}
    for resource, allowed in actions(function).items():
        if resource != "Table.Arn" and resource not in MAILING | OF_THE_STREAM.keys() | OF_REMINDERS.keys():
            assert resource.removeprefix("Table.Arn/index/") in indexes
            assert allowed == {"dynamodb:Query"}


WRITING = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
OTHERS = {name.removesuffix("Function") for name in FUNCTIONS}
DENYING = {
    "SealedItems": set(),
    "NoDoor": {"Lockdown", "Policy"},
    "NoLock": OTHERS - {"Policy"},
    "NoRules": OTHERS - {"Lockdown"},
    "NoLiveKeys": {"Grant", "Approval"},
    "NoOtherEnd": {"Revoke"},
    "NoRegistration": {"Registry"},
}
"""The shared policies, each with the functions that do not have it."""


@each_row("function", FUNCTIONS)
def test_a_function_that_writes_names_its_partitions_and_has_each_denying_policy_but_its_exemption(
    function: str,
) -> None:
    shared = {policy["Ref"] for policy in FUNCTIONS[function].get("Policies", []) if "Ref" in policy}
    writes = [
        statement
        for policy in own_policies(function)
        for statement in policy["Statement"]
        if WRITING & set(statement["Action"])
    ]

    assert shared == {
        name for name, exempt in DENYING.items() if writes and function.removesuffix("Function") not in exempt
    }
    assert all("dynamodb:LeadingKeys" in statement["Condition"]["ForAllValues:StringLike"] for statement in writes)


def test_shared_policies_only_deny() -> None:
    found = stack.of_type("AWS::IAM::ManagedPolicy")

    assert set(found) == set(DENYING)
    for policy in found.values():
        assert {statement["Effect"] for statement in policy["PolicyDocument"]["Statement"]} == {"Deny"}


def test_no_code_scans() -> None:
    for file in [*(stack.PROJECT / "layers").rglob("*.py"), *(stack.PROJECT / "functions").rglob("*.py")]:
        called = {node.attr for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute)}
        assert "scan" not in called, file


# ------------------------------------------------------------------ background functions


def test_the_clean_up_runs_every_five_minutes_and_is_done_before_the_next_run() -> None:
    clean_up = FUNCTIONS["CleanupFunction"]

    assert clean_up["Events"]["EveryFiveMinutes"]["Properties"]["Schedule"] == "rate(5 minutes)"
    assert clean_up["Timeout"] < 5 * 60


def test_who_asked_before_an_end_is_answered_before_it_is_written_down() -> None:
    """Otherwise a grant given in time could prolong a login whose end is already in the ledger."""
    longest = {
        function: properties.get("Timeout", stack.template()["Globals"]["Function"]["Timeout"])
        for function, properties in FUNCTIONS.items()
        if function in {route.function for route in stack.routes()}
    }

    assert longest
    assert all(timedelta(seconds=seconds) <= expiry.FINAL_AFTER / 2 for seconds in longest.values()), longest


def test_of_all_changes_the_clean_up_hears_of_live_keys_that_the_table_swept() -> None:
    source = stack.resource("CleanupStream")

    assert source["FunctionName"] == {"Ref": "CleanupFunction"}
    assert [json.loads(only["Pattern"]) for only in source["FilterCriteria"]["Filters"]] == [
        {
            "eventName": ["REMOVE"],
            "userIdentity": {"principalId": ["dynamodb.amazonaws.com"]},
            "dynamodb": {"Keys": {"SK": {"S": [{"prefix": keys.LIVE}]}}},
        }
    ]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BisectBatchOnFunctionError"] is True
    assert stack.value_of(source["DestinationConfig"], PRODUCTION) == {
        "OnFailure": {"Destination": "DeadLetterQueue.Arn"}
    }


def test_a_whole_batch_of_contended_ledgers_fits_into_the_clean_ups_time() -> None:
    longest = timedelta(
        seconds=ledger.PATIENCE_SECONDS + 3 * (store_table.CONNECT_TIMEOUT_SECONDS + store_table.READ_TIMEOUT_SECONDS)
    )

    assert stack.resource("CleanupStream")["BatchSize"] * longest < timedelta(
        seconds=FUNCTIONS["CleanupFunction"]["Timeout"]
    )


# ------------------------------------------------------------------ settings


def test_the_settings_are_what_the_template_sets() -> None:
    environment = stack.template()["Globals"]["Function"]["Environment"]["Variables"]
    own = {name: set(made["Environment"]["Variables"]) for name, made in FUNCTIONS.items() if "Environment" in made}

    # `tests/test_combinations.py` explains the variable that no code reads.
    assert own == {"NotifyFunction": KEPT_BY_ONE} | {name: {"PARAMETERS"} for name in CALLED_BY_ALIAS}
    assert KEPT_BY_ONE | set(environment) - READ_BY_PYTHON == names_read(
        stack.PROJECT / "layers/core/guestkey/settings.py"
    )


def test_no_other_module_reads_the_environment() -> None:
    for file in [*(stack.PROJECT / "layers").rglob("*.py"), *(stack.PROJECT / "functions").rglob("*.py")]:
        if file.name != "settings.py":
            assert names_read(file) == set(), file


def test_without_pools_the_settings_default_to_the_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = stack.value_of(stack.template()["Globals"]["Function"]["Environment"]["Variables"], PRODUCTION)
    for name in set(environment) - {"TABLE_NAME"}:
        monkeypatch.delenv(name, raising=False)

    settings = runpy.run_path(str(stack.PROJECT / "layers/core/guestkey/settings.py"))

    for name in set(environment) - READ_BY_PYTHON - MADE_BY_THE_STACK - PARSED:
        assert settings[name] == environment[name], name
    assert (settings["ACTING_CLAIMS"], settings["RIGHT_VALUES"]) == ({"act"}, frozenset())
    assert settings["RETENTION"].days == int(environment["RETENTION_DAYS"])
    assert settings["REQUEST_LIFE"].total_seconds() == int(environment["REQUEST_LIFE_SECONDS"])


def test_with_pools_the_claims_are_cognitos() -> None:
    environment = stack.value_of(stack.template()["Globals"]["Function"]["Environment"]["Variables"], WITH_POOLS)

    assert environment["USER_ID_CLAIM"] == environment["AGENT_ID_CLAIM"] == "cognito:username"
    assert environment["TENANT_CLAIM"] == "custom:tenant_id"
    assert environment["BACKEND_ID_CLAIM"] == "client_id"


def test_history_outlives_the_six_months_of_the_overview_and_the_longest_grant() -> None:
    assert int(stack.template()["Parameters"]["RetentionDays"]["MinValue"]) >= 184 + 30


def test_a_request_lives_a_day_unless_set_and_at_most_three() -> None:
    life = stack.template()["Parameters"]["RequestLifeSeconds"]

    assert timedelta(seconds=life["Default"]) == timedelta(hours=24)
    assert timedelta(seconds=life["MaxValue"]) == MAX_LIFE


def names_read(file: Path) -> set[str]:
    """Return the names of the environment variables that a module reads."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="get", value=ast.Attribute(attr="environ")), args=[ast.Constant(), *_]
            ):
                found.add(str(node.args[0].value))  # type: ignore[attr-defined]  # as matched
            case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=name)):
                found.add(str(name))
    return found


# ------------------------------------------------------------------ the table


def test_the_table_sweeps_streams_and_can_be_restored() -> None:
    properties = stack.resource("Table")

    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["SSESpecification"]["SSEEnabled"] is True


def test_the_tables_keys_are_those_the_store_writes() -> None:
    properties = stack.resource("Table")
    model = store_table.Item

    assert key_schema(properties) == (model.pk.attr_name, model.sk.attr_name)
    assert model.ttl.attr_name == properties["TimeToLiveSpecification"]["AttributeName"]
    declared = {
        attribute["AttributeName"]: attribute["AttributeType"] for attribute in properties["AttributeDefinitions"]
    }
    assert set(declared.values()) == {"S"}
    used = {name for schema in [properties, *properties["GlobalSecondaryIndexes"]] for name in key_schema(schema)}
    assert set(declared) == used


def test_the_tables_indexes_are_those_the_store_reads() -> None:
    deployed = {index["IndexName"]: index for index in stack.resource("Table")["GlobalSecondaryIndexes"]}
    coded = {index.Meta.index_name: index for index in (store_table.ByGrantee, store_table.Directory, store_table.Due)}

    assert set(deployed) == set(coded)
    for name, index in coded.items():
        own = [attribute for attribute in vars(index).values() if hasattr(attribute, "is_hash_key")]
        hash_key = next(attribute.attr_name for attribute in own if attribute.is_hash_key)
        range_key = next(attribute.attr_name for attribute in own if attribute.is_range_key)
        assert key_schema(deployed[name]) == (hash_key, range_key)
        assert deployed[name]["Projection"] == projected(index.Meta.projection)


def test_every_key_is_spelled_as_the_chart_says() -> None:
    chart = keys.__doc__ or ""
    shown = {"TENANT#acme", "AGENT#sven", "DEPARTMENT#support", "CALLER#tenant#acme/anna"}
    made = [
        keys.tenant("acme"),
        keys.right("acme", "anna"),
        keys.live("acme", "g"),
        keys.grant("acme", "g"),
        keys.permanent_grant("acme", "g"),
        keys.request("acme", "r"),
        keys.login("acme", "l"),
        keys.ledger("acme"),
        keys.entry("acme", 7),
        keys.notice("acme", "g", "granted"),
        keys.agent("sven"),
        keys.department("support"),
        keys.own_login("sven", "l"),
        keys.own_request("sven", "r"),
        keys.pending("sven", "acme"),
        keys.counter("login", "sven", "acme", MONDAY_NOON),
        keys.counter_of_agent("sendings", "sven", MONDAY_NOON),
        keys.counter_of_tenant("sendings", "acme", MONDAY_NOON),
        keys.counter_of_user("given", "acme", "anna", MONDAY_NOON),
        keys.idempotency("tenant", "acme/anna", "POST /v1/grants", "k"),
    ]
    for key in made:
        assert key.pk in shown
        assert key.sk.partition("#")[0] in chart
    assert keys.entry("acme", 7).sk == "ENTRY#000000000007"
    assert keys.grantee(GranteeType.AGENT, "sven") == keys.agent("sven")
    assert keys.grantee(GranteeType.DEPARTMENT, "support") == keys.department("support")


def test_only_the_store_spells_keys() -> None:
    prefixes = (
        "TENANT|AGENT|DEPARTMENT|CALLER|LIVE|GRANT|LASTING|REQUEST|LOGIN|OWN|PENDING|ENTRY|NOTICE|RIGHT|ONCE|COUNT|"
        "CALLBACK|SLOTS?|WAITING|CLOSED"
    )
    spelled = re.compile(rf"[\"']({prefixes})#")
    for file in [*(stack.PROJECT / "layers").rglob("*.py"), *(stack.PROJECT / "functions").rglob("*.py")]:
        if file.name not in {"keys.py", "index_keys.py"}:
            assert not spelled.search(file.read_text()), file


def key_schema(properties: dict[str, Any]) -> tuple[str, str]:
    kinds = {key["KeyType"]: key["AttributeName"] for key in properties["KeySchema"]}
    return kinds["HASH"], kinds["RANGE"]


def projected(projection: Any) -> dict[str, Any]:
    names = projection.non_key_attributes
    return {"ProjectionType": projection.projection_type} | ({"NonKeyAttributes": names} if names else {})


# ------------------------------------------------------------------ the rules for parameters


def is_taken(**given: Any) -> bool:
    """Return whether the template's own rules hold; `tests/test_parameters.py` tests the rules on addresses."""
    parameters = stack.parameters(**(EXISTING | given))
    return all(
        bool(stack.value_of(assertion["Assert"], parameters))
        for rule in stack.template()["Rules"].values()
        if stack.value_of(rule.get("RuleCondition", True), parameters)
        for assertion in rule["Assertions"]
    )


@each_row(("one", "other"), [("Tenant", "Support"), ("Tenant", "Vendor"), ("Support", "Vendor")])
def test_two_kinds_of_caller_may_share_an_issuer_or_an_audience_but_not_both(one: str, other: str) -> None:
    issuer = {f"{one}Issuer": "https://id.example", f"{other}Issuer": "https://id.example"}
    audience = {f"{one}Audience": "guestkey", f"{other}Audience": "guestkey"}

    assert is_taken(**issuer)
    assert is_taken(**audience)
    assert not is_taken(**issuer, **audience)


def test_three_alike_are_not_taken_either() -> None:
    alike = {f"{name}{what}": "same" for name in ISSUERS for what in ("Issuer", "Audience")}

    assert not is_taken(**alike)


@each_row(
    ("claim", "values", "taken"),
    [("", "", True), ("roles", "owner", True), ("roles", "", False), ("", "owner", False)],
)
def test_the_claim_of_the_right_comes_with_its_values(claim: str, values: str, taken: bool) -> None:
    assert is_taken(RightClaim=claim, RightValues=values) is taken


@each_row(
    ("name", "value", "is_one"),
    [
        ("ActingClaims", "", True),
        ("ActingClaims", "impersonator", True),
        ("ActingClaims", "impersonator,https://vendor.example/acting_for", True),
        ("ActingClaims", "impersonator, acting_for", False),
        ("ActingClaims", ",", False),
        ("RightClaim", "https://vendor.example/roles", True),
        ("RightClaim", "two words", False),
        ("RightValues", "", True),
        ("RightValues", "owner", True),
        ("RightValues", "account owner, admin", True),
        ("RightValues", " ", False),
        ("RightValues", "owner,,admin", False),
    ],
)
def test_lists_of_claims_and_values_have_no_empty_part(name: str, value: str, is_one: bool) -> None:
    pattern = stack.template()["Parameters"][name]["AllowedPattern"]

    assert (re.fullmatch(pattern, value) is not None) is is_one


def test_every_rule_says_what_is_wrong() -> None:
    for rule in stack.template()["Rules"].values():
        for assertion in rule["Assertions"]:
            assert assertion["AssertDescription"].endswith(".")


# ------------------------------------------------------------------ user pools


def test_the_pools_are_made_only_where_the_vendor_wants_them() -> None:
    for name, made in stack.template()["Resources"].items():
        if made["Type"].startswith("AWS::Cognito::"):
            assert made.get("Condition") == "MakesPools", name
    assert stack.is_met("MakesPools", PRODUCTION) is False
    assert stack.is_met("MakesPools", WITH_POOLS) is True


def test_each_kind_of_caller_has_a_pool_of_its_own() -> None:
    authorizers = stack.resource("Api")["Auth"]["Authorizers"]
    pairs = set()
    for name in ISSUERS:
        jwt = stack.value_of(authorizers[name]["JwtConfiguration"], WITH_POOLS)
        assert jwt["issuer"].endswith(f"/{name}Pool")
        pairs.add((jwt["issuer"], *jwt["audience"]))
    assert len(pairs) == len(ISSUERS)


@each_row("pool", stack.of_type("AWS::Cognito::UserPool"))
def test_only_administrators_create_users(pool: str) -> None:
    assert stack.resource(pool)["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}


def test_a_users_tenant_never_changes_and_no_client_can_write_it() -> None:
    (attribute,) = [a for a in stack.resource("TenantPool")["Schema"] if a["Name"] == "tenant_id"]
    assert attribute["Mutable"] is False

    for name, client in stack.of_type("AWS::Cognito::UserPoolClient").items():
        if client["UserPoolId"] == {"Ref": "TenantPool"}:
            # Without a list a client may write every attribute.
            assert client["WriteAttributes"], name
            assert "custom:tenant_id" not in client["WriteAttributes"]


def test_agents_need_a_second_factor_and_sign_in_again_each_working_day_on_a_page_of_cognito() -> None:
    pool, client = stack.resource("SupportPool"), stack.resource("SupportPoolClient")

    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("ON", ["SOFTWARE_TOKEN_MFA"])
    assert (client["RefreshTokenValidity"], client["TokenValidityUnits"]) == (8, {"RefreshToken": "hours"})
    assert stack.resource("SupportPoolDomain")["UserPoolId"] == client["UserPoolId"] == {"Ref": "SupportPool"}
    assert client["AllowedOAuthFlows"] == ["code"]
    assert "GenerateSecret" not in client
    assert stack.value_of(
        client["CallbackURLs"], stack.parameters(AgentSignInUrls="https://a.example,https://b.example")
    ) == [
        "https://a.example",
        "https://b.example",
    ]


def test_each_pool_has_a_domain_of_its_own_name() -> None:
    domains = [
        stack.value_of(one["Domain"], PRODUCTION) for one in stack.of_type("AWS::Cognito::UserPoolDomain").values()
    ]

    assert len(domains) == len(set(domains)) == len(ISSUERS)


@each_row("client", stack.of_type("AWS::Cognito::UserPoolClient"))
def test_no_client_takes_a_password_without_a_proof(client: str) -> None:
    flows = stack.resource(client)["ExplicitAuthFlows"]

    assert not {"ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH"} & set(flows)


def test_the_backends_scopes_are_those_the_routes_ask_for() -> None:
    server = stack.resource("VendorScopes")
    offered = {f"{server['Identifier']}/{scope['ScopeName']}" for scope in server["Scopes"]}
    client = stack.resource("VendorPoolClient")

    assert offered == {scope for route in stack.routes() for scope in route.scopes}
    assert set(client["AllowedOAuthScopes"]) == offered
    assert client["AllowedOAuthFlows"] == ["client_credentials"]
    assert client["GenerateSecret"] is True
    assert stack.template()["Resources"]["VendorPoolClient"]["DependsOn"] == "VendorScopes"
    assert stack.resource("VendorPoolDomain")["UserPoolId"] == {"Ref": "VendorPool"}


# ------------------------------------------------------------------ mails


def test_a_mail_domain_is_set_up_only_where_the_vendor_names_one() -> None:
    made, named = stack.template()["Resources"]["MailIdentity"], stack.parameters(MailDomain="vendor.example")

    assert stack.is_met(made["Condition"], PRODUCTION) is False
    assert stack.is_met(made["Condition"], named) is True
    assert stack.value_of(made["Properties"]["EmailIdentity"], named) == "vendor.example"
    assert made["Properties"]["DkimAttributes"] == {"SigningEnabled": True}


@each_row(
    ("domain", "is_one"),
    [
        ("", True),
        ("vendor.example", True),
        ("mail.ex-ample.co.uk", True),
        ("support@vendor.example", False),
        ("vendor", False),
        ("vendor.example.", False),
        ("Vendor.example", False),
        ("https://vendor.example", False),
    ],
)
def test_a_mail_domain_is_a_domain(domain: str, is_one: bool) -> None:
    pattern = stack.template()["Parameters"]["MailDomain"]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, domain)) is is_one


def test_mails_are_sent_encrypted_and_untracked_and_what_comes_back_is_counted() -> None:
    mails, events = stack.resource("MailSet"), stack.resource("MailEvents")["EventDestination"]

    assert mails["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}
    assert mails["SuppressionOptions"] == {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]}
    assert "TrackingOptions" not in mails
    assert events["Enabled"] is True
    assert {"bounce", "complaint", "reject", "deliveryDelay"} <= set(events["MatchingEventTypes"])
    for destination in stack.of_type("AWS::SES::ConfigurationSetEventDestination").values():
        assert not {"open", "click"} & set(destination["EventDestination"]["MatchingEventTypes"])


# ------------------------------------------------------------------ the stream


def test_notify_may_read_and_mark_items_send_mails_publish_and_dead_letter() -> None:
    table = {"Table.Arn": {"dynamodb:BatchGetItem", "dynamodb:UpdateItem"}}
    mails = dict.fromkeys(MAILING, SENDING)

    assert actions("NotifyFunction") == table | mails | OF_THE_STREAM | OF_REMINDERS
    assert actions("ReminderFunction") == table | mails | {"DeadLetterQueue.Arn": {"sqs:SendMessage"}}


def test_new_entries_reviews_and_digests_are_handed_over_from_the_first_on() -> None:
    mapping = stack.resource("NotifyStream")
    patterns = [json.loads(one["Pattern"]) for one in mapping["FilterCriteria"]["Filters"]]
    began = [(pattern["eventName"], pattern["dynamodb"]["Keys"]["SK"]["S"][0]["prefix"]) for pattern in patterns]

    assert stack.value_of(mapping["EventSourceArn"], PRODUCTION) == "Table.StreamArn"
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert began == [(["INSERT"], keys.ENTRY), (["MODIFY"], keys.GRANT), (["MODIFY"], keys.DIGEST)]
    assert REVIEW_NOTIFIED_AT in patterns[1]["dynamodb"]["NewImage"]
    assert DIGEST_CLOSED_AT in patterns[2]["dynamodb"]["NewImage"]


def test_what_even_the_function_cannot_park_lambda_does_and_no_record_holds_up_the_rest() -> None:
    mapping = stack.resource("NotifyStream")

    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert 0 < mapping["MaximumRetryAttempts"] <= 10
    assert mapping["MaximumRecordAgeInSeconds"] <= 24 * 3600 / 2
    assert stack.value_of(mapping["DestinationConfig"], PRODUCTION) == {
        "OnFailure": {"Destination": "DeadLetterQueue.Arn"}
    }
    assert "ParallelizationFactor" not in mapping, "a tenant's entries are published in their order"


def test_a_whole_batch_fits_into_the_functions_time_and_a_dead_letter_is_hidden_for_longer() -> None:
    allowed = timedelta(seconds=FUNCTIONS["NotifyFunction"]["Timeout"])

    assert stack.resource("NotifyStream")["BatchSize"] * handler.MAX_RECORD_TIME < allowed
    assert timedelta(seconds=stack.resource("DeadLetterQueue")["VisibilityTimeout"]) > allowed


def test_dead_letters_are_encrypted_and_kept_as_long_as_possible() -> None:
    queue = stack.resource("DeadLetterQueue")

    assert queue["SqsManagedSseEnabled"] is True
    assert timedelta(seconds=queue["MessageRetentionPeriod"]) == timedelta(days=14) < notices.KEPT_FOR


# ------------------------------------------------------------------ reminders


def test_a_reminders_schedule_may_call_that_one_function_and_park_what_it_cannot() -> None:
    role = stack.value_of(stack.resource("ReminderRole"), PRODUCTION)
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    (policy,) = role["Policies"]
    allowed = {said["Resource"]: said["Action"] for said in policy["PolicyDocument"]["Statement"]}

    assert trusted["Principal"] == {"Service": ["scheduler.amazonaws.com"]}
    assert trusted["Condition"] == {
        "StringEquals": {"aws:SourceAccount": stack.ACCOUNT, "aws:SourceArn": "Reminders.Arn"}
    }
    assert allowed == {"ReminderFunction.Arn": ["lambda:InvokeFunction"], "DeadLetterQueue.Arn": ["sqs:SendMessage"]}
    assert stack.value_of(stack.resource("Reminders"), PRODUCTION) == {"Name": "guestkey"}


def test_the_role_of_reminders_can_be_given_to_schedules_only() -> None:
    (policy,) = own_policies("NotifyFunction")
    (passing,) = [statement for statement in policy["Statement"] if statement["Action"] == ["iam:PassRole"]]

    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}


def test_functions_that_schedule_reminders_know_group_function_role_and_queue() -> None:
    assert stack.value_of(FUNCTIONS["NotifyFunction"]["Environment"]["Variables"], PRODUCTION) == {
        "REMINDER_GROUP": "Reminders",
        "REMINDER_FUNCTION": "ReminderFunction.Arn",
        "REMINDER_ROLE": "ReminderRole.Arn",
        "REMINDER_DEAD_LETTERS": "DeadLetterQueue.Arn",
    }


def test_a_reminder_is_retried_while_it_is_useful_and_then_dead_lettered() -> None:
    invoked = stack.value_of(stack.resource("ReminderRetries"), PRODUCTION)

    assert (invoked["FunctionName"], invoked["Qualifier"]) == ("ReminderFunction", "$LATEST")
    assert timedelta(seconds=invoked["MaximumEventAgeInSeconds"]) == REMINDED_AHEAD
    assert invoked["MaximumRetryAttempts"] == 2
    assert invoked["DestinationConfig"] == {"OnFailure": {"Destination": "DeadLetterQueue.Arn"}}


# ------------------------------------------------------------------ logs


def test_the_access_log_names_routes_and_never_paths_or_queries_or_people() -> None:
    written = stack.resource("Api")["AccessLogSettings"]["Format"]
    variables = set(re.findall(r"\$context\.([\w.]+)", written))

    assert {"routeKey", "status", "requestId"} <= variables
    assert not [
        name for name in variables if re.search(r"path|query|ip|userAgent|claims|identity", name, re.IGNORECASE)
    ]


def test_every_log_is_kept_for_a_time_and_no_longer() -> None:
    groups = stack.of_type("AWS::Logs::LogGroup")
    logging = stack.template()["Globals"]["Function"]["LoggingConfig"]

    assert all("RetentionInDays" in group for group in groups.values())
    assert stack.value_of(logging["LogGroup"], PRODUCTION) in groups
    assert logging["LogFormat"] == "JSON"
    # Lambda's own lines at the start and the end of each call are left out; those of a crash are written.
    assert (logging["ApplicationLogLevel"], logging["SystemLogLevel"]) == ("INFO", "WARN")


# ------------------------------------------------------------------ monitoring


Metric = tuple[str, str, frozenset[tuple[str, str]]]
ALARMS = stack.of_type("AWS::CloudWatch::Alarm")


def metric(said: dict[str, Any]) -> Metric:
    dimensions = stack.value_of(said.get("Dimensions", []), PRODUCTION)
    namespace = stack.value_of(said["Namespace"], PRODUCTION)
    return namespace, said["MetricName"], frozenset((one["Name"], one["Value"]) for one in dimensions)


def watched(alarm: str) -> set[Metric]:
    """Return the metrics that an alarm adds up, or its only metric."""
    properties = ALARMS[alarm]
    if "Metrics" not in properties:
        return {metric(properties)}
    return {metric(one["MetricStat"]["Metric"]) for one in properties["Metrics"] if "MetricStat" in one}


WATCHED = {one for alarm in ALARMS for one in watched(alarm)}


@each_row("function", FUNCTIONS)
def test_every_function_is_watched_and_on_the_dashboard(function: str) -> None:
    for name in ("Errors", "Throttles"):
        assert ("AWS/Lambda", name, frozenset({("FunctionName", function)})) in WATCHED
        assert function in shown("AWS/Lambda", name)


def test_each_stream_function_has_an_alarm_for_its_lag() -> None:
    """The clean-up needs no such alarm, because the items of its stream records are due in the index as well."""
    late = {value for _, name, dimensions in WATCHED for _, value in dimensions if name == "IteratorAge"}

    assert late == HANDLING_THE_STREAM - {"CleanupFunction"}


def test_every_queue_is_watched_for_what_lies_in_it() -> None:
    for name in stack.of_type("AWS::SQS::Queue"):
        dimensions = frozenset({("QueueName", f"{name}.QueueName")})
        assert ("AWS/SQS", "ApproximateNumberOfMessagesVisible", dimensions) in WATCHED


@each_row("index", [index["IndexName"] for index in stack.resource("Table")["GlobalSecondaryIndexes"]])
def test_each_index_is_watched_for_throttling(index: str) -> None:
    """DynamoDB counts the throttles of an index apart from those of its table."""
    for name in ("ReadThrottleEvents", "WriteThrottleEvents"):
        dimensions = frozenset({("TableName", "Table"), ("GlobalSecondaryIndexName", index)})
        assert ("AWS/DynamoDB", name, dimensions) in WATCHED


@each_row(
    ("alarm", "vital"),
    [
        ("ChecksThrottled", ["POST /v1/vendor/checks"]),
        ("RevokesThrottled", ["DELETE /v1/grants/{grant_id}", "PUT /v1/lockdown", "DELETE /v1/lockdown"]),
    ],
)
def test_answers_429_of_the_vital_routes_are_counted_in_the_access_log(alarm: str, vital: list[str]) -> None:
    """API Gateway has no metric of its own for them."""
    found = stack.resource(f"{alarm}InLog")
    (counted,) = stack.value_of(found["MetricTransformations"], PRODUCTION)
    written = json.loads(stack.resource("Api")["AccessLogSettings"]["Format"])

    assert found["LogGroupName"] == {"Ref": "AccessLogs"}
    routes = " || ".join(f'$.route = "{route}"' for route in vital)
    assert found["FilterPattern"] == f'{{ $.status = "429" && {f"({routes})" if len(vital) > 1 else routes} }}'
    assert (written["status"], written["route"]) == ("$context.status", "$context.routeKey")
    assert watched(alarm) == {(counted["MetricNamespace"], counted["MetricName"], frozenset())}
    assert {key.key for key in stack.routes()} >= set(vital)
    own = stack.resource("Api")["RouteSettings"]
    assert all(own[route]["ThrottlingRateLimit"] >= 250 for route in vital)


def test_no_metric_is_paid_that_nothing_reads() -> None:
    api = stack.resource("Api")

    for settings in (api["DefaultRouteSettings"], *api["RouteSettings"].values()):
        assert "DetailedMetricsEnabled" not in settings


def test_a_clean_up_that_does_not_run_is_noticed_by_its_silence() -> None:
    properties = ALARMS["CleanupStopped"]

    assert watched("CleanupStopped") == {(metrics.NAMESPACE, "CleanupRuns", frozenset({("stack", "guestkey")}))}
    assert (properties["ComparisonOperator"], properties["Threshold"]) == ("LessThanThreshold", 1)
    assert properties["TreatMissingData"] == "breaching"


def test_each_asynchronous_function_dead_letters_failures_or_retries_in_its_next_run() -> None:
    """A new background function needs a decision here, because `.checkov.yaml` skips CKV_AWS_116 for all functions."""
    events = {(name, event["Type"]) for name, made in FUNCTIONS.items() for event in made.get("Events", {}).values()}

    assert {event for event in events if event[1] != "HttpApi"} == {("CleanupFunction", "Schedule")}
    for name, mapping in stack.of_type("AWS::Lambda::EventSourceMapping").items():
        assert mapping["DestinationConfig"] == {
            "OnFailure": {"Destination": {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}}
        }, name


def test_every_alarm_says_what_is_wrong_to_the_operator_and_says_when_it_is_over() -> None:
    assert len(ALARMS) > 5
    for name, properties in ALARMS.items():
        assert properties["AlarmDescription"].endswith("."), name
        assert properties["AlarmActions"] == properties["OKActions"] == [{"Ref": "Alerts"}], name
        assert properties["TreatMissingData"] in {"notBreaching", "breaching"}, name


@each_row("alarm", [name for name, properties in ALARMS.items() if "Metrics" in properties])
def test_a_sum_has_no_more_parts_than_an_alarm_may_and_takes_silence_for_nothing(alarm: str) -> None:
    (whole,), parts = [one for one in ALARMS[alarm]["Metrics"] if "Expression" in one], len(watched(alarm))

    assert parts <= 10
    assert len(ALARMS[alarm]["Metrics"]) == parts + 1, "a metric is added twice"
    assert whole["Expression"] == "SUM(FILL(METRICS(), 0))"
    assert all(one["ReturnData"] is False for one in ALARMS[alarm]["Metrics"] if one is not whole)
    assert len({one["MetricStat"]["Period"] for one in ALARMS[alarm]["Metrics"] if one is not whole}) == 1


def test_a_stack_is_watched_unless_the_operator_switches_that_off() -> None:
    off = stack.parameters(Monitoring="no")
    for parameters, is_on, is_mailed in [
        (off, False, False),
        (off | {"OperatorMail": "ops@vendor.example"}, False, False),
        (PRODUCTION, True, False),
        (stack.parameters(OperatorMail="ops@vendor.example"), True, True),
    ]:
        assert stack.is_met("IsMonitored", parameters) is is_on
        assert stack.is_met("MailsTheOperator", parameters) is is_mailed
    for name, made in stack.template()["Resources"].items():
        if made["Type"].startswith(("AWS::CloudWatch::", "AWS::SNS::", "AWS::Logs::MetricFilter")):
            assert made["Condition"] == ("MailsTheOperator" if name == "AlertsByMail" else "IsMonitored"), name


def widgets() -> list[dict[str, Any]]:
    body = stack.value_of(stack.resource("Dashboard")["DashboardBody"], PRODUCTION)
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def shown(namespace: str, name: str) -> set[str]:
    """Return the values of a metric's last dimension that the dashboard shows."""
    found = set()
    for widget in widgets():
        above: list[str] = []
        for line in widget["properties"].get("metrics", []):
            said = [part for part in line if isinstance(part, str)]
            if said[0] == "...":
                said = above[: len(above) - len(said) + 1] + said[1:]
            above = [above[place] if part == "." else part for place, part in enumerate(said)]
            if above[:2] == [namespace, name]:
                found.add(above[-1])
    return found


def test_the_dashboard_shows_every_alarm() -> None:
    (alarms,) = [widget["properties"]["alarms"] for widget in widgets() if widget["type"] == "alarm"]

    assert set(alarms) == {f"{name}.Arn" for name in ALARMS}


def test_the_dashboard_shows_what_the_alarms_watch() -> None:
    for namespace, name, dimensions in WATCHED:
        if (dimensions or namespace.startswith("Guestkey/")) and name != "SystemErrors":
            assert ({value for _, value in dimensions} or {name}) & shown(namespace, name), name


# ------------------------------------------------------------------ the evaluator of `tests/stack.py`


def test_what_the_evaluator_does_not_know_it_does_not_guess() -> None:
    for said in ({"Fn::Base64": "x"}, {"Ref": "Nobody"}, {"Fn::GetAtt": "Nobody.Arn"}, {"Fn::Sub": "${Nobody}"}):
        with pytest.raises(KeyError):
            stack.value_of(said, PRODUCTION)
