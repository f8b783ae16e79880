"""The build before a deployment: what cannot be deployed stops the command before CloudFormation hears of it."""

from pathlib import Path

import pytest

from deploy import sam
from deploy.account import Account
from deploy.answers import load
from deploy.stacks import Stack
from local.faults import Fault


def test_a_build_that_cannot_be_deployed_stops_the_deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sam, "BUILT", tmp_path)
    monkeypatch.setattr(sam, "sam_tool", lambda: "true")
    answers = load("default")

    with pytest.raises(Fault, match=r"the build cannot be deployed\nThere is no build in .*\. Run: sam build"):
        sam.Sam(answers, Stack(Account("eu-central-1"), answers.stack_name)).build()
