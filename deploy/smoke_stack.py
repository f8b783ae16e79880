"""The part of `make smoke` that reads the deployed resources: routes, functions, table, stream, bus, alarms."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from deploy.account import Account
from deploy.answers import Answers, template
from deploy.findings import Finding, fail, note, of, ok
from deploy.stacks import GOOD, Stack

DEPLOY_AGAIN = (
    "The last deployment did not finish, or it was changed by hand: see CloudFormation's drift detection. make deploy\n"
    "puts it right only if the resource differs from the last template; else delete the change by hand."
)
Resources = dict[str, list[dict[str, Any]]]


class Deployed:
    """The deployed stack, described once, and its resources by type."""

    def __init__(self, account: Account, answers: Answers) -> None:
        self.account, self.answers = account, answers
        stack = Stack(account, answers.stack_name)
        self.described = stack.describe() or {}
        self.status = str(self.described.get("StackStatus", ""))
        self.outputs, self.parameters = stack.outputs(), stack.parameters()
        self._resources: Resources = {}
        for resource in stack.resources() if self.described else []:
            self._resources.setdefault(resource["ResourceType"], []).append(resource)

    def ids(self, kind: str) -> dict[str, str]:
        """Return the physical ids of all resources of a type, by logical id."""
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in self._resources.get(kind, [])}

    @property
    def is_for_customers(self) -> bool:
        """Whether the stack has the stage `production`."""
        return self.parameters.get("Stage") == "production"

    def check_all(self, url: str) -> Iterator[Finding]:
        """Yield the findings of each check."""
        checks: tuple[tuple[str, Callable[[], Iterable[Finding]]], ...] = (
            ("stack", self.stack),
            ("address of the links", lambda: self.base_url(url)),
            ("routes", self.routes),
            ("functions", self.functions),
            ("invocation", self.permissions),
            ("table", self.table),
            ("stream", self.stream),
            ("cleanup", self.cleanup),
            ("event bus", self.bus),
            ("reminders", self.reminders),
            ("dead letters", self.dead_letters),
            ("alarms", self.alarms),
        )
        for subject, check in checks:
            yield from of(subject, check)

    def stack(self) -> Iterator[Finding]:
        """Check the state of the stack."""
        if self.status in GOOD:
            yield ok("stack", f"{self.answers.stack_name} is {self.status}")
        else:
            remedy = Stack(self.account, self.answers.stack_name).remedy() or "Wait, or see make preflight."
            yield fail("stack", f"{self.answers.stack_name} is {self.status}", remedy)

    def base_url(self, url: str) -> Iterator[Finding]:
        """Check that the links of mails lead to the API."""
        subject, base = "address of the links", self.parameters.get("BaseUrl", "")
        if base.endswith(".invalid") and not self.parameters.get("DomainName"):
            action = "make first-deploy goes on where it stopped, and sets it."
            yield fail(subject, f"BaseUrl is {base}: links in mails would lead nowhere", action)
        elif base == url or self.parameters.get("DomainName"):
            yield ok(subject, url)
        else:
            yield note(subject, f"BaseUrl is {base}, and {url} was called", "Check that both lead to this API.")

    def routes(self) -> Iterator[Finding]:
        """Compare routes and authorizers of the API with the template."""
        client, (api,) = self.account.client("apigatewayv2"), self.ids("AWS::ApiGatewayV2::Api").values()
        names = {one["AuthorizerId"]: one["Name"] for one in _all(client, "get_authorizers", api)}
        deployed = {
            one["RouteKey"]: names.get(one.get("AuthorizerId", ""), "NONE") for one in _all(client, "get_routes", api)
        }
        wanted = expected_routes()
        missing = [key for key in wanted if key not in deployed]
        open_now = [key for key, who in wanted.items() if key in deployed and deployed[key] != who]
        if missing:
            yield fail("routes", f"missing: {', '.join(missing)}", DEPLOY_AGAIN)
        if open_now:
            seen = ", ".join(f"{key} has {deployed[key]}, not {wanted[key]}" for key in open_now)
            yield fail("routes", f"with another authorizer: {seen}", DEPLOY_AGAIN)
        if not missing and not open_now:
            yield ok("routes", f"{len(wanted)}, each with its authorizer")

    def functions(self) -> Iterator[Finding]:
        """Check that each function is active, and built for its architecture."""
        client, functions = self.account.client("lambda"), self.ids("AWS::Lambda::Function")
        bad = []
        for logical_id, name in functions.items():
            found = client.get_function_configuration(FunctionName=name)
            state, update = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
            if state not in {"Active", "Inactive"} or update == "Failed":
                reason = found.get("StateReason") or found.get("LastUpdateStatusReason") or ""
                bad.append(f"{logical_id} is {state}, its update {update} {reason}".rstrip())
        yield fail("functions", "; ".join(bad), DEPLOY_AGAIN) if bad else ok("functions", f"{len(functions)} are ready")

    def permissions(self) -> Iterator[Finding]:
        """Check that the API may invoke each function that has a route; without the permission it answers 500."""
        functions, aliases = self.ids("AWS::Lambda::Function"), self.ids("AWS::Lambda::Alias").values()
        bad = []
        for logical_id in expected_functions():
            name = functions.get(logical_id, "")
            own = [alias for alias in aliases if f":{name}:" in alias]
            if not any("apigateway.amazonaws.com" in self._policy_of(one) for one in [name, *own]):
                bad.append(logical_id)
        if bad:
            yield fail(
                "invocation", f"API Gateway may not invoke {', '.join(bad)}: its routes answer 500", DEPLOY_AGAIN
            )
        else:
            yield ok("invocation", "API Gateway may invoke each function")

    def _policy_of(self, function: str) -> str:
        client = self.account.client("lambda")
        try:
            return str(client.get_policy(FunctionName=function)["Policy"])
        except client.exceptions.ResourceNotFoundException:
            return ""

    def table(self) -> Iterator[Finding]:
        """Check the table's protection, recovery, TTL, stream and indexes."""
        client, (name,) = self.account.client("dynamodb"), self.ids("AWS::DynamoDB::Table").values()
        table = client.describe_table(TableName=name)["Table"]
        backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
        ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"]
        indexes = [
            one["IndexName"]
            for one in table.get("GlobalSecondaryIndexes", [])
            if one.get("IndexStatus", "ACTIVE") != "ACTIVE"
        ]
        there = {one["IndexName"] for one in table.get("GlobalSecondaryIndexes", [])}
        missing = [name for name in expected_indexes() if name not in there]
        troubles = {
            "point-in-time recovery is off": recovery != "ENABLED",
            f"indexes are missing: {', '.join(missing)}": bool(missing),
            "TTL is off": ttl not in {"ENABLED", "ENABLING"},
            "the stream is off": not table.get("StreamSpecification", {}).get("StreamEnabled"),
            f"indexes are not active: {', '.join(indexes)}": bool(indexes),
        }
        bad = [trouble for trouble, is_there in troubles.items() if is_there]
        yield (
            fail("table", "; ".join(bad), DEPLOY_AGAIN)
            if bad
            else ok("table", f"{name}: recovery, TTL, stream, indexes")
        )
        if table.get("DeletionProtectionEnabled"):
            yield ok("deletion protection", "on")
        elif self.is_for_customers:
            action = "make first-deploy switches it on, once MailSender is set: see deployment.toml."
            yield fail(
                "deletion protection", "off, and this is production: the table can be deleted by mistake", action
            )
        else:
            yield note("deletion protection", "off: the table is deleted with the stack")

    def stream(self) -> Iterator[Finding]:
        """Check that the functions behind the table's stream are connected to it."""
        client, bad = self.account.client("lambda"), []
        mappings = self.ids("AWS::Lambda::EventSourceMapping")
        for logical_id, uuid in mappings.items():
            found = client.get_event_source_mapping(UUID=uuid)
            if found["State"] not in {"Enabled", "Enabling", "Updating", "Creating"}:
                bad.append(f"{logical_id} is {found['State']}")
            elif "PROBLEM" in str(found.get("LastProcessingResult", "")).upper():
                bad.append(f"{logical_id}: {found['LastProcessingResult']}")
        action = "Without it no notice is mailed and no event published. " + DEPLOY_AGAIN
        yield fail("stream", "; ".join(bad), action) if bad else ok("stream", f"{len(mappings)} mappings are enabled")

    def cleanup(self) -> Iterator[Finding]:
        """Check that the schedule of the clean-up is enabled."""
        client, bad = self.account.client("events"), []
        rules = self.ids("AWS::Events::Rule")
        for logical_id, name in rules.items():
            if client.describe_rule(Name=name.rsplit("|")[-1])["State"] != "ENABLED":
                bad.append(logical_id)
        action = "Enable it: aws events enable-rule --name … Ends and expiries are recorded late until then."
        if bad or not rules:
            yield fail("cleanup", f"its schedule is off: {', '.join(bad) or 'missing'}", action)
        else:
            yield ok("cleanup", "its schedule is on")

    def bus(self) -> Iterator[Finding]:
        """Check that the event bus exists, and name the number of its rules."""
        client, name = self.account.client("events"), self.outputs["BusName"]
        client.describe_event_bus(Name=name)
        rules = client.list_rules(EventBusName=name)["Rules"]
        seen = f"{name}, with {len(rules)} rules of subscribers"
        yield (
            ok("event bus", seen) if rules else note("event bus", seen, "Subscribe your SIEM: docs/operating.md, SIEM.")
        )

    def reminders(self) -> Iterator[Finding]:
        """Check that the group of schedules exists."""
        (group,) = self.ids("AWS::Scheduler::ScheduleGroup").values()
        state = self.account.client("scheduler").get_schedule_group(Name=group)["State"]
        good = ok("reminders", f"the group {group} of schedules is active")
        yield good if state == "ACTIVE" else fail("reminders", f"the group {group} is {state}", DEPLOY_AGAIN)

    def dead_letters(self) -> Iterator[Finding]:
        """Check that no message is dead-lettered."""
        asked = {"QueueUrl": self.outputs["DeadLetterQueueUrl"], "AttributeNames": ["ApproximateNumberOfMessages"]}
        count = int(
            self.account.client("sqs").get_queue_attributes(**asked)["Attributes"]["ApproximateNumberOfMessages"]
        )
        action = "Read the cause and redrive: docs/operating.md, Dead letters."
        yield fail("dead letters", f"{count} wait", action) if count else ok("dead letters", "none")

    def alarms(self) -> Iterator[Finding]:
        """Check that alarms exist and reach a person."""
        wanted = self.ids("AWS::CloudWatch::Alarm")
        if not wanted:
            action = 'Set Monitoring = "yes" and OperatorMail in deployment.toml, and deploy.'
            line = fail if self.is_for_customers else note
            yield line("alarms", "none: a failure would reach no person" if self.is_for_customers else "none", action)
            return
        client = self.account.client("cloudwatch")
        found = client.describe_alarms(AlarmNames=list(wanted.values()))["MetricAlarms"]
        ringing = [one["AlarmName"] for one in found if one["StateValue"] == "ALARM"]
        if len(found) < len(wanted):
            there = {one["AlarmName"] for one in found}
            missing = ", ".join(name for name in wanted.values() if name not in there)
            yield fail("alarms", f"{len(found)} of {len(wanted)} exist; missing: {missing}", DEPLOY_AGAIN)
        elif ringing:
            yield fail("alarms", f"in alarm: {', '.join(ringing)}", "See docs/operating.md, Alarms.")
        else:
            yield ok("alarms", f"{len(found)} exist, none is in alarm")
        yield self._subscribers()

    def _subscribers(self) -> Finding:
        pages = self.account.client("sns").get_paginator("list_subscriptions_by_topic")
        topic = self.outputs["AlertsTopic"]
        arns = [one["SubscriptionArn"] for page in pages.paginate(TopicArn=topic) for one in page["Subscriptions"]]
        confirmed = [arn for arn in arns if arn.startswith("arn:")]
        if confirmed:
            return ok("alarm receivers", f"{len(confirmed)} confirmed")
        if arns:
            return note("alarm receivers", "not confirmed yet", "Follow the link in the mail of AWS Notifications.")
        return note("alarm receivers", "none", f"Set OperatorMail in deployment.toml, or subscribe to {topic}.")


def expected_routes() -> dict[str, str]:
    """Return the authorizer of each route of the template, `NONE` for the public ones, which name none."""
    return {
        f"{event['Method'].upper()} {event['Path']}": event.get("Auth", {}).get("Authorizer", "NONE")
        for _, event in _events()
    }


def expected_functions() -> list[str]:
    """Return the logical ids of the functions with a route."""
    return list(dict.fromkeys(function for function, _ in _events()))


def expected_indexes() -> list[str]:
    """Return the names of the table's indexes in the template."""
    return [one["IndexName"] for one in template()["Resources"]["Table"]["Properties"]["GlobalSecondaryIndexes"]]


def _events() -> Iterator[tuple[str, dict[str, Any]]]:
    for logical_id, resource in template()["Resources"].items():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            if event["Type"] == "HttpApi":
                yield logical_id, event["Properties"]


def _all(client: Any, operation: str, api: str) -> list[dict[str, Any]]:
    pages = client.get_paginator(operation).paginate(ApiId=api)
    return [one for page in pages for one in page["Items"]]
