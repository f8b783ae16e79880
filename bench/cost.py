"""The cost of calls and of a month, by list prices: the tables of docs/operating.md.

The units of the table are those that `bench requests` measures; a test compares them each night. Bytes of logs and the
duration of an invocation are assumptions, which only an account can confirm. Free tiers are left out.
"""

import math
from dataclasses import dataclass

from samtranslator.yaml_helper import yaml_parse

from bench.lines import heading, table
from bench.processes import ROOT

MILLION = 1_000_000
PRICES = {
    "HTTP API, a million requests": 1.00,
    "Lambda, a million invocations": 0.20,
    "Lambda on arm64, a GB-second": 0.0000133334,
    "DynamoDB, a million read units": 0.125,
    "DynamoDB, a million write units": 0.625,
    "DynamoDB, a GB and month": 0.25,
    "point-in-time recovery, a GB and month": 0.20,
    "CloudWatch Logs, a GB": 0.50,
    "X-Ray, a million recorded traces": 5.00,
    "EventBridge, a million events": 1.00,
    "SES, a thousand mails": 0.10,
    "CloudWatch, an alarm on a metric and month": 0.10,
    "CloudWatch, a dashboard and month": 3.00,
    "CloudWatch, a metric of our own and month": 0.30,
}
"""List prices of us-east-1 in US dollars. Other regions cost up to half as much again."""
MEMORY_GB, SECONDS, LOG_BYTES, TRACED = 0.5, 0.010, 1_100, 0.05
"""Of an invocation: memory of the template; duration and bytes of its two log lines, assumed; X-Ray's default share."""
OWN_METRICS = 6
ENTRY_BYTES = 1_000
RUNS_A_MONTH = 12 * 24 * 30


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of the API: its name in `bench requests`, the table's units, ledger entries, and notices by mail."""

    name: str
    reads: float
    writes: float
    entries: int = 0
    notices: int = 0


CHECK = Call(name="check with login_id", reads=3, writes=0)
GRANT = Call(name="grant", reads=5, writes=14, entries=1, notices=1)
LOGIN = Call(name="login", reads=4, writes=20, entries=1, notices=1)
END = Call(name="end login", reads=6, writes=10, entries=1)
REVOKE = Call(name="revoke", reads=5, writes=12, entries=1, notices=1)
PULSE = Call(name="GET /v1/pulse", reads=1, writes=0)
ME = Call(name="GET /v1/me", reads=2, writes=0)
CALLS = (CHECK, GRANT, LOGIN, END, REVOKE, PULSE, ME)
APPROVERS = 2
MONTH = {CHECK: 240, GRANT: 4, LOGIN: 4, END: 4, REVOKE: 4, PULSE: 200, ME: 20}
"""Calls of a tenant in a month: four support cases with sixty checks each, and some visits of the panel."""
TENANTS = (10, 1_000, 100_000)


def parts_of(call: Call) -> dict[str, float]:
    """Return the dollars of one call by part: the API, the function, the table, logs, traces, and its notices."""
    notices = call.notices * APPROVERS
    invocations = 1 + call.entries
    return {
        "gateway": _price("HTTP API, a million requests") / MILLION,
        "function": invocations * _invocation(),
        "table": _units(call.reads + 4 * call.notices, call.writes + notices),
        "logs": invocations * LOG_BYTES / 1e9 * _price("CloudWatch Logs, a GB"),
        "traces": invocations * TRACED * _price("X-Ray, a million recorded traces") / MILLION,
        "notices": call.entries * _price("EventBridge, a million events") / MILLION
        + notices * _price("SES, a thousand mails") / 1_000,
    }


def of_a_million(call: Call) -> list[float]:
    """Return the dollars of a million calls, by part and in all."""
    parts = [value * MILLION for value in parts_of(call).values()]
    return [*parts, math.fsum(parts)]


def of_a_month(tenants: int) -> list[float]:
    """Return the dollars of a month by calls, by the stored data of a year, by the fixed parts, and in all."""
    calls = tenants * sum(count * math.fsum(parts_of(call).values()) for call, count in MONTH.items())
    entries = tenants * sum(count * call.entries for call, count in MONTH.items())
    stored = 12 * entries * 2 * ENTRY_BYTES / 1e9
    data = stored * (_price("DynamoDB, a GB and month") + _price("point-in-time recovery, a GB and month"))
    fixed = _fixed()
    return [calls, data, fixed, calls + data + fixed]


def alarm_metrics() -> int:
    """Return the number of metrics that the template's alarms watch, each of which costs the price of an alarm."""
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"].values()
    alarms = [one["Properties"] for one in resources if one["Type"] == "AWS::CloudWatch::Alarm"]
    return sum(len(alarm.get("Metrics", [None, None])) - 1 for alarm in alarms)


def documented() -> list[list[str]]:
    """Return the rows of both tables as docs/operating.md has them."""
    by_call = [[call.name, *(f"{value:,.2f}" for value in of_a_million(call))] for call in CALLS]
    return [*by_call, *([f"{tenants:,}", *(_rounded(value) for value in of_a_month(tenants))] for tenants in TENANTS)]


def main() -> None:
    """Print both tables."""
    rows = documented()
    heading("Cost: dollars of a million calls, by list prices of us-east-1 without free tiers")
    table(["call", *parts_of(CHECK), "in all"], rows[: len(CALLS)])
    heading("Cost: dollars of a month")
    table(["tenants", "calls", "data of a year", "fixed", "in all"], rows[len(CALLS) :])


def _price(name: str) -> float:
    return PRICES[name]


def _invocation() -> float:
    duration = MEMORY_GB * SECONDS * _price("Lambda on arm64, a GB-second")
    return _price("Lambda, a million invocations") / MILLION + duration


def _units(reads: float, writes: float) -> float:
    read, write = _price("DynamoDB, a million read units"), _price("DynamoDB, a million write units")
    return (reads * read + writes * write) / MILLION


def _fixed() -> float:
    """Return the dollars of a month without a call: the clean-up, alarms, dashboard and metrics."""
    cleanup = RUNS_A_MONTH * (_invocation() + _units(4, 0) + LOG_BYTES / 1e9 * _price("CloudWatch Logs, a GB"))
    watching = alarm_metrics() * _price("CloudWatch, an alarm on a metric and month")
    own = OWN_METRICS * _price("CloudWatch, a metric of our own and month")
    return cleanup + watching + own + _price("CloudWatch, a dashboard and month")


def _rounded(value: float) -> str:
    return f"{value:,.2f}" if value < 10 else f"{value:,.0f}"


if __name__ == "__main__":
    main()
