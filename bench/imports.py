"""Benchmark of cold starts: CPU time of a new process that imports a built handler, compared with baseline imports.

Handlers and baselines alternate, and each ratio is the median over the rounds. A process exits without cleaning up, so
that only its start and its imports are measured. It runs on Linux only, because it reads the peak memory from /proc.
"""

import json
import os
from statistics import median

from bench import calls, samples
from bench.lines import heading, table, verdict
from bench.shipped import Artifact, built, cpu_seconds, output
from bench.stub import set_answers

ROUNDS = 11
WARM_CALLS = 100
MAX_CHECK_RATIO, MAX_OTHERS_RATIO = 1.25, 1.15
MAX_MEBIBYTES = 60.0

BARE, BOTOCORE, BOTO3, FRAMEWORK = "bare Python", "botocore", "boto3", "framework"
BASELINES = {
    BARE: "",
    BOTOCORE: """
import botocore.session
botocore.session.get_session().create_client("dynamodb")
""",
    BOTO3: """
import boto3
boto3.client("dynamodb")
""",
    FRAMEWORK: """
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

class Item(Model):
    class Meta:
        table_name = "guestkey-bench"
    pk = UnicodeAttribute(hash_key=True)

Logger()
APIGatewayHttpResolver(enable_validation=True)
Item._get_connection().connection.client
""",
}
EXIT = "\nimport os\nos._exit(0)"
COUNT_MODULES = "\nimport sys\nprint(len(sys.modules))"
RUN_CHECKS = """
import contextlib, io, json, sys
event = json.loads(sys.argv[1])
for _ in range(int(sys.argv[2])):
    with contextlib.redirect_stdout(io.StringIO()):
        answer = app.lambda_handler(event, None)
assert '"allowed":true' in answer["body"], answer
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def main() -> None:
    """Print the CPU time of each function's import, then the peak memory of a check."""
    artifact = built()
    _time(artifact)
    _memory(artifact)


def _time(artifact: Artifact) -> None:
    environment = artifact.environment(os.environ["AWS_ENDPOINT_URL"])
    heading(
        "Imports: CPU time of a new process that imports a function's handler, divided by that of a process with",
        "botocore   botocore and its DynamoDB client",
        "boto3      boto3 and its DynamoDB client",
        "framework  Powertools' Logger and validating resolver, pynamodb and its client",
        f"Median of {ROUNDS} alternating rounds.",
    )
    functions = {name: artifact.importing(name) for name in calls.folders()}
    programs = BASELINES | functions
    modules = {name: int(output(environment, code + COUNT_MODULES)) for name, code in programs.items()}
    rounds = [{name: cpu_seconds(environment, code + EXIT) for name, code in programs.items()} for _ in range(ROUNDS)]

    def against(name: str, baseline: str) -> float:
        return median(cpu[name] / cpu[baseline] for cpu in rounds)

    rows = []
    for name in programs:
        ratios = {baseline: against(name, baseline) for baseline in BASELINES}
        target = ""
        if name in functions:
            baseline, most = (BOTOCORE, MAX_CHECK_RATIO) if name == "check" else (FRAMEWORK, MAX_OTHERS_RATIO)
            target = verdict(ratios[baseline], most, f"at most {most} x {baseline}")
        rows.append([name, modules[name], *ratios.values(), target])
    table(["imported", "modules", *(f"/ {baseline}" for baseline in BASELINES), "target"], rows)


def _memory(artifact: Artifact) -> None:
    environment = artifact.environment(os.environ["AWS_ENDPOINT_URL"])
    heading(
        "Memory: peak memory of a process that runs checks one after another",
        "The process contains Python, the handler and its imports, but not Lambda's runtime client.",
        "One MB is 1,048,576 bytes, as on Lambda.",
    )
    rows = []
    for live in (1, 500):
        found = list(samples.live_keys("acme", live))
        query = {"Items": found, "Count": live, "ScannedCount": live}
        set_answers(os.environ["AWS_ENDPOINT_URL"], [("GetItem", "", {"Item": samples.agent()}), ("Query", "", query)])
        sent = {"tenant_id": "acme", "agent_id": "sven", "action": "enter"}
        asked = json.dumps(calls.event("POST /v1/vendor/checks", calls.BACKEND, sent=sent))
        mebibytes = int(output(environment, artifact.importing("check") + RUN_CHECKS, asked, str(WARM_CALLS))) / 1024
        rows.append(
            [f"{WARM_CALLS} checks, {live} live grants", mebibytes, verdict(mebibytes, MAX_MEBIBYTES, "at most 60 MB")]
        )
    table(["process", "MB", "target"], rows)


if __name__ == "__main__":
    main()
