"""The environment of an operator in a terminal without any setting, and an own file for the answers."""

from pathlib import Path

import pytest

from deploy import questions, registration, tokens
from deploy.answers import FILE_SETTING

SETTINGS = (
    *(questions.STAGE, questions.REGION, questions.ISSUERS, questions.SENDER, questions.DOMAIN, questions.OPERATOR),
    *(tokens.TENANT, tokens.SUPPORT, tokens.VENDOR, tokens.CLIENT_ID, tokens.CLIENT_SECRET),
    *(registration.TENANT_SETTING, registration.AGENT_SETTING, "AWS_REGION", "AWS_ENDPOINT_URL"),
)


@pytest.fixture(autouse=True)
def answers_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "deployment.toml"
    monkeypatch.setenv(FILE_SETTING, str(file))
    return file
