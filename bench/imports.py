"""What a cold start imports: the CPU of a fresh process, against processes that import only what is unavoidable.

All take turns, and each ratio is the median over the rounds. A process ends without tidying up, as Lambda's never do:
only starting and importing is measured. Linux only: the peak of memory stands in /proc.
"""

import json
import os
import subprocess
from statistics import median

from bench import calls, samples
from bench.lines import heading, table, verdict
from bench.processes import LAYER, ROOT
from bench.shipped import PYTHON, alone
from bench.stub import set_answers

ROUNDS = 11
WARM_CALLS = 100
CHECK_MOST, OTHERS_MOST = 1.25, 1.15
MEBIBYTES_MOST = 60.0

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
LEAVE = "\nimport os\nos._exit(0)"
COUNT = "\nimport sys\nprint(len(sys.modules))"
ANSWER = """
import contextlib, io, json, sys
event = json.loads(sys.argv[1])
for _ in range(int(sys.argv[2])):
    with contextlib.redirect_stdout(io.StringIO()):
        answer = app.lambda_handler(event, None)
assert '"allowed":true' in answer["body"], answer
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


Surroundings = dict[str, str]


def main() -> None:
    """Print the CPU of each function's import, then the memory of a check."""
    with alone(os.environ["AWS_ENDPOINT_URL"]) as surroundings:
        _time(surroundings)
        _memory(surroundings)


def _time(surroundings: Surroundings) -> None:
    heading(
        "Imports: CPU of a fresh process that imports a function's handler, divided by that of one that imports",
        "botocore   botocore and its DynamoDB client",
        "boto3      boto3 and its DynamoDB client",
        "framework  Powertools' Logger and validating resolver, pynamodb and its client",
        f"Median of {ROUNDS} rounds in which all take turns.",
    )
    functions = {name: _importing(name) for name in calls.folders()}
    programs = BASELINES | functions
    # First of all, and so it compiles what has not been compiled.
    modules = {name: int(_said(surroundings, code + COUNT)) for name, code in programs.items()}
    rounds = [{name: _cpu(surroundings, code + LEAVE) for name, code in programs.items()} for _ in range(ROUNDS)]

    def against(name: str, baseline: str) -> float:
        return median(cpu[name] / cpu[baseline] for cpu in rounds)

    rows = []
    for name in programs:
        ratios = {baseline: against(name, baseline) for baseline in BASELINES}
        target = ""
        if name in functions:
            baseline, most = (BOTOCORE, CHECK_MOST) if name == "check" else (FRAMEWORK, OTHERS_MOST)
            target = verdict(ratios[baseline], most, f"at most {most} x {baseline}")
        rows.append([name, modules[name], *ratios.values(), target])
    table(["imported", "modules", *(f"/ {baseline}" for baseline in BASELINES), "target"], rows)


def _memory(surroundings: Surroundings) -> None:
    heading(
        "Memory: the most a process held that answered checks one after another",
        "The process is Python, the handler and what it imports; Lambda's own runtime client comes on top.",
        "As Lambda does, MB means 1,048,576 bytes.",
    )
    rows = []
    for live in (1, 500):
        found = list(samples.live_keys("acme", live))
        query = {"Items": found, "Count": live, "ScannedCount": live}
        set_answers(os.environ["AWS_ENDPOINT_URL"], [("GetItem", "", {"Item": samples.agent()}), ("Query", "", query)])
        sent = {"tenant_id": "acme", "agent_id": "sven", "action": "enter"}
        asked = json.dumps(calls.event("POST /v1/vendor/checks", calls.BACKEND, sent=sent))
        mebibytes = int(_said(surroundings, _importing("check") + ANSWER, asked, str(WARM_CALLS))) / 1024
        rows.append(
            [f"{WARM_CALLS} checks, {live} live grants", mebibytes, verdict(mebibytes, MEBIBYTES_MOST, "at most 60 MB")]
        )
    table(["process", "MB", "target"], rows)


def _importing(function: str) -> str:
    return f"import sys\nsys.path.insert(0, {str(ROOT / 'functions' / function)!r})\nimport app"


def _said(surroundings: Surroundings, code: str, *arguments: str) -> str:
    command = [*PYTHON, "-c", code, *arguments]
    return subprocess.run(command, cwd=LAYER, env=surroundings, check=True, stdout=subprocess.PIPE, text=True).stdout


def _cpu(surroundings: Surroundings, code: str) -> float:
    """Return the seconds of CPU, the kernel's included, of a process that runs this."""
    process = os.posix_spawn(PYTHON[0], [*PYTHON, "-c", code], surroundings)
    _, status, used = os.wait4(process, 0)
    if status:
        message = f"this failed:\n{code}"
        raise RuntimeError(message)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
