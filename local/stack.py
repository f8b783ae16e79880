"""A local stack: its folder, its two ports, and the operations on it.

Several stacks can run at the same time, each with its own folder and ports: the developer's stack, and one for each run
of the journeys. They share the build, because it depends on the sources only.
"""

import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
ORIGINS = "AllowedOrigins"
MAIL_DOMAIN = "vendor.example"
MAIL_SENDER = f"Example Support <support@{MAIL_DOMAIN}>"


@dataclass(frozen=True)
class Stack:
    """A local stack: one folder for its data, one port for the API, and one port for the token issuer."""

    folder: Path
    port: int
    issuer_port: int
    origins: tuple[str, ...] | None = field(default=None, kw_only=True)
    """Further origins whose pages may call the API; None for those of the last `up`."""
    region: str | None = field(default=None, kw_only=True)
    """The region of AWS that the emulator plays; None for its own default."""

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def issuer(self) -> Issuer:
        """The token issuer of this stack."""
        return Issuer(self.folder, self.issuer_port)

    @property
    def host_page(self) -> str:
        """The URL of the sample page of the vendor's product, with the panel."""
        return self.issuer.address + HOST

    @property
    def desk_page(self) -> str:
        """The URL of the sample page of the vendor's back office, with the agents' desk."""
        return self.issuer.address + DESK

    @property
    def _emulator_process(self) -> Background:
        return Background("emulator", self.folder)

    @property
    def _provider_process(self) -> Background:
        return Background("provider", self.folder)

    @property
    def deployment(self) -> "Deployment":
        """The CloudFormation stack in the emulator."""
        # Imported here, because importing boto3 takes 0.25 seconds and most commands do not need it.
        from local.deployment import Deployment  # noqa: PLC0415

        return Deployment(self.url, self.region) if self.region else Deployment(self.url)

    def up(self) -> str:
        """Start the stack or update it to the sources, from any state, and return the base URL of the API.

        Raises Fault if the build, the deployment or the start fails.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._exclusive():
            machinery = build.fingerprint(*build.MACHINERY)
            done = self._load_state()
            parameters = self.parameters(done)
            wanted = {"sources": build.fingerprint(*build.SOURCES), "parameters": parameters}
            if not (self.is_running() and done.get("machinery") == machinery):
                # This also stops a stack that runs on other ports.
                self._stop()
            elif done.get("deployed") == wanted and "sample_in" in done and self._api_answers():
                return self.url
            self._start()
            build.build()
            self._wait_for("emulator", lambda: answers(f"{self.url}/_ministack/health"))
            if done.get("deployed") != wanted or not self.deployment.is_there():
                done |= {"outputs": self._deploy(parameters), "deployed": wanted}
            done |= {"machinery": machinery}
            sample_in = done.pop("sample_in", None)
            self._store_state(done)
            self._wait_for("API", self._api_answers)
            table_id = self.deployment.table_id(done["outputs"]["TableName"])
            if sample_in != table_id:
                self._load_sample()
            # Written last, so that the next `up` repeats the work of one that was interrupted.
            self._store_state(done | {"sample_in": table_id})
        return self.url

    def start_empty(self) -> None:
        """Start emulator and issuers, and deploy nothing. Raises Fault if that fails."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._exclusive():
            self._start()
            self._wait_for("emulator", lambda: answers(f"{self.url}/_ministack/health"))

    def down(self) -> None:
        """Stop the stack. Its data is kept for the next start."""
        with self._exclusive():
            self._stop()

    def reset(self) -> None:
        """Delete all items, mails, events and waiting work, and load the sample world again, without a deployment."""
        self.require_running()
        with self._exclusive():
            if "sample_in" not in (done := self._load_state()):
                message = "the last `make up` did not complete; run it again first"
                raise Fault(message)
            # The stream comes first: a record that waits would send its mail after the reset.
            self._emulator_command("DELETE", "stream")
            self.deployment.empty(done["outputs"]["TableName"])
            self.deployment.forget_waiting(done["outputs"]["DeadLetterQueueUrl"])
            self._emulator_command("DELETE", "mails")
            self._emulator_command("DELETE", "events")
            self._load_sample()

    def mails(self) -> list[dict[str, Any]]:
        """Return all sent mails, oldest first."""
        self.require_running()
        mails: list[dict[str, Any]] = self._emulator_command("GET", "mails")
        return mails

    def events(self) -> list[dict[str, Any]]:
        """Return all events that were published on the stack's EventBridge bus, oldest first."""
        self.require_running()
        events: list[dict[str, Any]] = self._emulator_command("GET", "events")
        return events

    def token(self, who: str, **options: Any) -> str:
        """Return a new token for a person of the sample world, or for the backend. Options: see `local.tokens.mint`."""
        return mint(who, self.issuer, **options)

    def is_running(self) -> bool:
        """Return whether the emulator and the provider run on the ports of this stack."""
        return (self._emulator_process.port, self._provider_process.port) == (self.port, self.issuer_port)

    def require_running(self) -> None:
        """Raise Fault if the stack is not running."""
        if not self.is_running():
            message = "the local stack is not running; `make up` starts it"
            raise Fault(message)

    def status(self) -> dict[str, Any]:
        """Return the addresses, the process ids, whether the API answers, and the outputs of the deployment."""
        return {
            "url": self.url,
            "issuer": self.issuer.address,
            "emulator_pid": self._emulator_process.pid,
            "provider_pid": self._provider_process.pid,
            "answers": self.is_running() and self._api_answers(),
            "outputs": self._load_state().get("outputs"),
        }

    def _start(self) -> None:
        for process, port, setting, more in (
            (self._provider_process, self.issuer_port, ISSUER_PORT_SETTING, [f"--api={self.url}"]),
            (self._emulator_process, self.port, PORT_SETTING, [f"--region={self.region}"] if self.region else []),
        ):
            if process.port == port:
                continue
            require_free(port, f"the {process.name}", setting)
            command = [sys.executable, "-m", f"local.{process.name}"]
            process.start(
                [*command, f"--port={port}", f"--folder={self.folder.resolve()}", *more],
                port=port,
                # No other variable of the developer's environment: no PYTHONPATH, no AWS profile, no real credentials.
                env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
                cwd=build.PROJECT,
            )
        # The provider must answer before the first request, because the emulator caches a failed fetch for a minute.
        self._wait_for("provider", lambda: answers(self.issuer.url(Caller.TENANT) + KEYS))

    def _stop(self) -> None:
        self._emulator_process.stop()
        self._provider_process.stop()

    def _deploy(self, parameters: dict[str, str]) -> dict[str, str]:
        with step("deploying"), build.exclusive():
            outputs = self.deployment.deploy(build.BUILT, build.ARCHIVES, parameters)
        self._emulator_command("POST", "save")
        return outputs

    def parameters(self, done: dict[str, Any] | None = None) -> dict[str, str]:
        """Return the template's parameters of this stack; `done` is the state that the last `up` stored."""
        deployed = (done or {}).get("deployed", {}).get("parameters", {}).get(ORIGINS, "").split(",")
        # The first origin is the issuer's server, which serves the sample pages.
        others = deployed[1:] if self.origins is None else self.origins
        parameters = {
            "PyRuntime": build.RUNTIME,
            "Arch": build.architecture(),
            "Stage": "development",
            # The emulator knows no alarms on sums of metrics.
            "Monitoring": "no",
            "BaseUrl": self.url,
            "MailSender": MAIL_SENDER,
            "MailDomain": MAIL_DOMAIN,
            "SignInClientId": self.issuer.audience(Caller.TENANT),
            "SignInOrigin": self.issuer.address,
            ORIGINS: ",".join([self.issuer.address, *others]),
        }
        for caller in Caller:
            parameters[f"{caller.capitalize()}Issuer"] = self.issuer.url(caller)
            parameters[f"{caller.capitalize()}Audience"] = self.issuer.audience(caller)
        return parameters

    def _load_sample(self) -> None:
        with step("loading the sample world"):
            sample.load(self.url, self.token(sample.BACKEND))
            # The cleanup function stores the desk's closed days. It runs now, not at its next scheduled time.
            self.deployment.run("CleanupFunction")

    def _api_answers(self) -> bool:
        # This route has an authorizer. API Gateway answers 401 to a request without a token once the routes exist.
        return answers(f"{self.url}/v1/me", HTTPStatus.UNAUTHORIZED)

    def _emulator_command(self, method: str, command: str) -> Any:
        """Call a command of the emulator that AWS does not have: list or delete mails, save the state."""
        status, said = call(method, f"{self.url}/_guestkey/{command}")
        if status != HTTPStatus.OK:
            message = f"the emulator returned {status} for {command}; see its log {self._emulator_process.log}"
            raise Fault(message)
        return json.loads(said)

    def _wait_for(self, what: str, is_there: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_there():
            for process in (self._emulator_process, self._provider_process):
                if process.pid is None:
                    message = f"the {process.name} ended; see {process.log}, which ends with:\n{process.last_lines()}"
                    raise Fault(message)
            if time.monotonic() > deadline:
                message = f"the {what} does not answer; see the emulator's log {self._emulator_process.log}"
                raise Fault(message)
            time.sleep(0.05)

    def _load_state(self) -> dict[str, Any]:
        """Return the state that the last `up` stored: hashes of sources, outputs, id of the table with the sample."""
        file = self.folder / "done.json"
        done: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        return done

    def _store_state(self, done: dict[str, Any]) -> None:
        (self.folder / "done.json").write_text(json.dumps(done, indent=2))

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Hold a file lock, so that one command at a time changes this stack."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
