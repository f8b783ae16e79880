"""Benchmark of the artifact: size of the layer and CPU time of cold starts, compared with SAM's own builder.

The compared layer has no bytecode, and botocore's data of all services. A cold check is also compared with two bare
reads by botocore in the same layer. Both layers are read-only for the measured processes, as on Lambda.
"""

import io
import json
import os
import zipfile
from pathlib import Path
from statistics import median

from bench import calls, samples
from bench.imports import EXIT
from bench.lines import heading, table, verdict
from bench.shipped import Artifact, built, cpu_seconds, plain_copy
from bench.stub import set_answers

ROUNDS = 5
MAX_COLD_CHECK_RATIO, MAX_LAYER_RATIO = 1.4, 0.8
MEBIBYTE = 1 << 20

FIRST_CHECK = """
import contextlib, io, json
with contextlib.redirect_stdout(io.StringIO()):
    answer = app.lambda_handler(json.loads(sys.argv[1]), None)
assert '"allowed":true' in answer["body"], answer
"""
BARE_READS = """
import botocore.session
client = botocore.session.get_session().create_client("dynamodb")
for _ in range(2):
    client.get_item(TableName="guestkey-bench", Key={"PK": {"S": "-"}, "SK": {"S": "-"}})
"""


def main() -> None:
    """Print the sizes, the cold starts of all functions, and the first check."""
    artifact = built()
    with plain_copy(artifact) as plain:
        _sizes(artifact, plain)
        _cold_starts(artifact, plain)
        _first_check(artifact, plain)


def _sizes(artifact: Artifact, plain: Artifact) -> None:
    heading("Artifact: size of the layer, compared with that of SAM's own builder", "One MB is 1,048,576 bytes.")
    rows: list[list[object]] = []
    for name, size, most in (("unpacked", _unpacked, None), ("zipped", _zipped, MAX_LAYER_RATIO)):
        ours, theirs = size(artifact.layer), size(plain.layer)
        ratio = ours / theirs
        rows.append([name, theirs / MEBIBYTE, ours / MEBIBYTE, ratio, verdict(ratio, most)])
    table(["layer", "MB, SAM's", "MB, ours", "ratio", "target"], rows)


def _cold_starts(artifact: Artifact, plain: Artifact) -> None:
    heading(
        "Artifact: CPU time of a process that imports a function's handler, in the artifact of SAM's own builder",
        "divided by that in ours.",
        f"Median of {ROUNDS} alternating rounds.",
    )
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    rows: list[list[object]] = []
    for function in calls.folders():
        ratios = [
            cpu_seconds(plain.environment(endpoint), plain.importing(function) + EXIT)
            / cpu_seconds(artifact.environment(endpoint), artifact.importing(function) + EXIT)
            for _ in range(ROUNDS)
        ]
        rows.append([function, median(ratios)])
    table(["function", "ratio"], rows)


def _first_check(artifact: Artifact, plain: Artifact) -> None:
    heading(
        "Artifact: CPU time of a process up to its first check, divided by that of two bare reads by botocore in ours",
        f"Median of {ROUNDS} alternating rounds.",
    )
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    query = {"Items": list(samples.live_keys("acme", 1)), "Count": 1, "ScannedCount": 1}
    set_answers(endpoint, [("GetItem", "", {"Item": samples.agent()}), ("Query", "", query)])
    sent = {"tenant_id": "acme", "agent_id": "sven", "action": "enter"}
    asked = json.dumps(calls.event("POST /v1/vendor/checks", calls.BACKEND, sent=sent))

    def ratio(one: Artifact) -> float:
        check = cpu_seconds(one.environment(endpoint), one.importing("check") + FIRST_CHECK + EXIT, asked)
        return check / cpu_seconds(artifact.environment(endpoint), BARE_READS + EXIT)

    rounds = [(ratio(plain), ratio(artifact)) for _ in range(ROUNDS)]
    theirs, ours = (median(column) for column in zip(*rounds, strict=True))
    target = verdict(ours, MAX_COLD_CHECK_RATIO, f"at most {MAX_COLD_CHECK_RATIO} x two bare reads")
    table(["layer", "ratio", "target"], [["SAM's own builder", theirs, ""], ["ours", ours, target]])


def _unpacked(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _zipped(folder: Path) -> int:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as zipped:
        for file in sorted(folder.rglob("*")):
            zipped.write(file, file.relative_to(folder))
    return len(archive.getvalue())


if __name__ == "__main__":
    main()
