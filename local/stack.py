"""One running stack: its folder, its two ports, and what can be done with it.

Several can run side by side, each with its own folder and ports: the developer's, and one for each run of the journeys.
They share the build, since it depends on nothing but the sources.
"""

import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import build, sample
from local.calls import answers, call
from local.faults import Fault
from local.issuer import DESK, HOST, KEYS, Caller, Issuer
from local.processes import LOOPBACK, Background, require_free
from local.progress import step
from local.tokens import mint

if TYPE_CHECKING:
    from local.deployment import Deployment

PORT_SETTING = "GUESTKEY_PORT"
ISSUER_PORT_SETTING = "GUESTKEY_ISSUER_PORT"
PATIENCE_SECONDS = 60.0
MAIL_DOMAIN = "vendor.example"
MAIL_SENDER = f"Example Support <support@{MAIL_DOMAIN}>"


@dataclass(frozen=True)
class Stack:
    """The whole stack, kept in one folder, answering on one port, with its issuer on another."""

    folder: Path
    port: int
    issuer_port: int

    @property
    def url(self) -> str:
        """The API's base address."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def issuer(self) -> Issuer:
        """The issuer of this stack's tokens."""
        return Issuer(self.folder, self.issuer_port)

    @property
    def host_page(self) -> str:
        """The address of a page of the vendor's product with the panel in it."""
        return self.issuer.address + HOST

    @property
    def desk_page(self) -> str:
        """The address of a page of the vendor's with the agents' desk in it."""
        return self.issuer.address + DESK

    @property
    def _emulator_process(self) -> Background:
        return Background("emulator", self.folder)

    @property
    def _provider_process(self) -> Background:
        return Background("provider", self.folder)

    @property
    def _deployment(self) -> "Deployment":
        # boto3 takes a quarter of a second to import, which most commands can do without.
        from local.deployment import Deployment  # noqa: PLC0415

        return Deployment(self.url)

    def up(self) -> str:
        """Bring everything up to date with the sources, whatever state it is in, and return the API's address."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            machinery = build.fingerprint(*build.MACHINERY)
            wanted = {"sources": build.fingerprint(*build.SOURCES), "parameters": self._parameters()}
            done = self._done()
            if not (self.is_running() and done.get("machinery") == machinery):
                # Also if it runs on other ports than those asked for.
                self._stop()
            elif done.get("deployed") == wanted and "sample_in" in done and self._api_answers():
                return self.url
            self._start()
            build.build()
            self._wait_for("emulator", lambda: answers(f"{self.url}/_ministack/health"))
            if done.get("deployed") != wanted or not self._deployment.is_there():
                done |= {"outputs": self._deploy(), "deployed": wanted}
            done |= {"machinery": machinery}
            sample_in = done.pop("sample_in", None)
            self._keep_done(done)
            self._wait_for("API", self._api_answers)
            table_id = self._deployment.table_id(done["outputs"]["TableName"])
            if sample_in != table_id:
                self._load_sample()
            # Noted last: an `up` that stopped half-way shall not look finished to the next one.
            self._keep_done(done | {"sample_in": table_id})
        return self.url

    def down(self) -> None:
        """Stop everything and keep what the stack knows for the next time."""
        with self._alone():
            self._stop()

    def reset(self) -> None:
        """Go back to the sample world without deploying anything."""
        self.require_running()
        with self._alone():
            if "sample_in" not in (done := self._done()):
                message = "the last `make up` did not succeed; repeat it first"
                raise Fault(message)
            self._deployment.empty(done["outputs"]["TableName"])
            self._own("DELETE", "mails")
            self._load_sample()

    def mails(self) -> list[dict[str, Any]]:
        """Return the mails sent so far, oldest first."""
        self.require_running()
        mails: list[dict[str, Any]] = self._own("GET", "mails")
        return mails

    def token(self, who: str, **options: Any) -> str:
        """Return a fresh token for somebody of the sample world; `local.tokens.mint` knows the options."""
        return mint(who, self.issuer, **options)

    def is_running(self) -> bool:
        """Return whether both processes run, on the ports of this stack."""
        return (self._emulator_process.port, self._provider_process.port) == (self.port, self.issuer_port)

    def require_running(self) -> None:
        """Refuse if the stack is not up."""
        if not self.is_running():
            message = "the local stack is not running; `make up` starts it"
            raise Fault(message)

    def status(self) -> dict[str, Any]:
        """Return what runs where."""
        return {
            "url": self.url,
            "issuer": self.issuer.address,
            "emulator_pid": self._emulator_process.pid,
            "provider_pid": self._provider_process.pid,
            "answers": self.is_running() and self._api_answers(),
            "outputs": self._done().get("outputs"),
        }

    def _start(self) -> None:
        for process, port, setting, more in (
            (self._provider_process, self.issuer_port, ISSUER_PORT_SETTING, [f"--api={self.url}"]),
            (self._emulator_process, self.port, PORT_SETTING, []),
        ):
            if process.port == port:
                continue
            require_free(port, f"the {process.name}", setting)
            command = [sys.executable, "-m", f"local.{process.name}"]
            process.start(
                [*command, f"--port={port}", f"--folder={self.folder.resolve()}", *more],
                port=port,
                # Nothing else of the developer's: no PYTHONPATH, no profile, no credentials of a real account.
                env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
                cwd=build.PROJECT,
            )
        # The emulator remembers for a minute that it could not reach an issuer, so nothing goes on without it.
        self._wait_for("provider", lambda: answers(self.issuer.url(Caller.TENANT) + KEYS))

    def _stop(self) -> None:
        self._emulator_process.stop()
        self._provider_process.stop()

    def _deploy(self) -> dict[str, str]:
        with step("deploying"), build.alone():
            outputs = self._deployment.deploy(build.BUILT, build.ARCHIVES, self._parameters())
        self._own("POST", "save")
        return outputs

    def _parameters(self) -> dict[str, str]:
        parameters = {
            "PyRuntime": build.RUNTIME,
            "Arch": build.architecture(),
            "Stage": "development",
            "BaseUrl": self.url,
            "MailSender": MAIL_SENDER,
            "MailDomain": MAIL_DOMAIN,
            "SignInClientId": self.issuer.audience(Caller.TENANT),
            "SignInOrigin": self.issuer.address,
            # The sample page of the vendor's product stands beside the issuer.
            "AllowedOrigins": self.issuer.address,
        }
        for caller in Caller:
            parameters[f"{caller.capitalize()}Issuer"] = self.issuer.url(caller)
            parameters[f"{caller.capitalize()}Audience"] = self.issuer.audience(caller)
        return parameters

    def _load_sample(self) -> None:
        with step("loading the sample world"):
            sample.load(self.url, self.token(sample.BACKEND))
            # Which days the desk is closed is the clean-up's to write: now, and not in five minutes.
            self._deployment.run("CleanupFunction")

    def _api_answers(self) -> bool:
        # A route behind an authorizer: without a token API Gateway itself answers, and only once the routes are there.
        return answers(f"{self.url}/v1/me", HTTPStatus.UNAUTHORIZED)

    def _own(self, method: str, command: str) -> Any:
        """Ask the emulator for what no AWS service offers: the mails, and to save now."""
        status, said = call(method, f"{self.url}/_guestkey/{command}")
        if status != HTTPStatus.OK:
            message = f"the emulator answered {command} with {status}; its log is {self._emulator_process.log}"
            raise Fault(message)
        return json.loads(said)

    def _wait_for(self, what: str, is_there: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_there():
            for process in (self._emulator_process, self._provider_process):
                if process.pid is None:
                    message = f"the {process.name} ended; its log is {process.log}, and ends:\n{process.last_lines()}"
                    raise Fault(message)
            if time.monotonic() > deadline:
                message = f"the {what} does not answer; the emulator's log is {self._emulator_process.log}"
                raise Fault(message)
            time.sleep(0.05)

    def _done(self) -> dict[str, Any]:
        """Return what the last `up` noted: from what it was made, the stack's outputs, the table with the sample."""
        file = self.folder / "done.json"
        done: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        return done

    def _keep_done(self, done: dict[str, Any]) -> None:
        (self.folder / "done.json").write_text(json.dumps(done, indent=2))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one command at a time change this stack."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
