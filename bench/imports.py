"""Benchmark of cold starts: CPU time of a new process that imports a handler, compared with baseline imports.

Handlers and baselines alternate, and each ratio is the median over the rounds. A process exits without cleaning up, so
that only its start and its imports are measured. It runs on Linux only, because it reads the peak memory from /proc.
"""

import json
import os
import subprocess
from statistics import median

from bench import calls, samples
from bench.lines import heading, table, verdict
from bench.processes import LAYER, ROOT
from bench.shipped import PYTHON, layer_environment
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


Environment = dict[str, str]


def main() -> None:
    """Print the CPU time of each function's import, then the peak memory of a check."""
    with layer_environment(os.environ["AWS_ENDPOINT_URL"]) as environment:
        _time(environment)
        _memory(environment)


def _time(environment: Environment) -> None:
    heading(
        "Imports: CPU time of a new process that imports a function's handler, divided by that of a process with",
        "botocore   botocore and its DynamoDB client",
        "boto3      boto3 and its DynamoDB client",
        "framework  Powertools' Logger and validating resolver, pynamodb and its client",
        f"Median of {ROUNDS} alternating rounds.",
    )
    functions = {name: _importing(name) for name in calls.folders()}
    programs = BASELINES | functions
    # The modules are counted first, because this run also compiles them.
    modules = {name: int(_output(environment, code + COUNT_MODULES)) for name, code in programs.items()}
    rounds = [{name: _cpu(environment, code + EXIT) for name, code in programs.items()} for _ in range(ROUNDS)]

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


def _memory(environment: Environment) -> None:
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
        mebibytes = int(_output(environment, _importing("check") + RUN_CHECKS, asked, str(WARM_CALLS))) / 1024
        rows.append(
            [f"{WARM_CALLS} checks, {live} live grants", mebibytes, verdict(mebibytes, MAX_MEBIBYTES, "at most 60 MB")]
        )
    table(["process", "MB", "target"], rows)


def _importing(function: str) -> str:
    return f"import sys\nsys.path.insert(0, {str(ROOT / 'functions' / function)!r})\nimport app"


def _output(environment: Environment, code: str, *arguments: str) -> str:
    command = [*PYTHON, "-c", code, *arguments]
    return subprocess.run(command, cwd=LAYER, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def _cpu(environment: Environment, code: str) -> float:
    """Return the user and system CPU seconds of a new process that runs this code."""
    process = os.posix_spawn(PYTHON[0], [*PYTHON, "-c", code], environment)
    _, status, used = os.wait4(process, 0)
    if status:
        message = f"this code failed:\n{code}"
        raise RuntimeError(message)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
