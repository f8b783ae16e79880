"""Fixture: an emulator and an issuer for these tests, on free ports, with a template that needs every patch."""

from collections.abc import Iterator

import httpx
import pytest

from local.deployment import Deployment
from local.issuer import KEYS, Caller, Issuer
from local.processes import LOOPBACK, Background
from tests.local.rig import Emulator, answers, deploy, free_port, start, wait_until


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("emulator")
    issuer_port, port = free_port(), free_port()
    issuer = Issuer(folder, issuer_port)
    provider_process, process = Background("provider", folder), Background("emulator", folder)
    url = f"http://{LOOPBACK}:{port}"
    try:
        start(provider_process, issuer_port)
        start(process, port)
        wait_until(lambda: answers(issuer.url(Caller.TENANT) + KEYS) and answers(f"{url}/_ministack/health"))
        early = httpx.put(f"{url}/v1/me")
        outputs = deploy(Deployment(url).client("cloudformation"), issuer)
        yield Emulator(url, folder, process, issuer, outputs, early)
    finally:
        process.stop()
        provider_process.stop()
