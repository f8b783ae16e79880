"""The answers of the operator, in `deployment.toml`: region, stack name and template parameters of each environment.

The file is not in git, so that an update of the sources never conflicts with it, and it contains no secrets. It is
plain TOML that the operator may edit. `samconfig.toml` has the stack's name and the stage of each environment.
"""

import json
import os
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from local.build import PROJECT
from local.faults import Fault

FILE_SETTING = "GUESTKEY_DEPLOYMENT"
SAM_CONFIG = PROJECT / "samconfig.toml"
TEMPLATE = PROJECT / "template.yaml"
ENVIRONMENTS = {"development": "default", "production": "prod"}
"""The environment in `samconfig.toml` of each stage."""
HEADER = """\
# Written by `make first-deploy`, read by `make deploy`, `make preflight` and `make smoke`. It contains no secrets.
# You may edit it. A parameter that is not listed keeps its deployed value, or the template's default.
"""


@dataclass
class Answers:
    """The answers for one environment. `save` writes them back to the file."""

    environment: str
    stack_name: str
    file: Path
    region: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    registered: str = ""
    """Ids of the first tenant and agent, once they are registered: a second time would overwrite them."""

    @property
    def is_saved(self) -> bool:
        """Whether the file has answers for this environment."""
        return self.environment in _read(self.file)

    @property
    def stage(self) -> str:
        """The value of `Stage`."""
        return self.parameters.get("Stage", "production")

    def has(self, parameter: str) -> bool:
        """Return whether a parameter has a value that is not empty."""
        return bool(self.parameters.get(parameter))

    def save(self) -> None:
        """Write the answers to the file; the answers for other environments stay."""
        known = _read(self.file)
        known[self.environment] = {
            "region": self.region,
            "stack_name": self.stack_name,
            "registered": self.registered,
            "parameters": dict(self.parameters),
        }
        self.file.write_text(HEADER + "".join(_as_toml(known)))


def load(environment: str) -> Answers:
    """Return the answers for an environment: the file's, and where it has none those of `samconfig.toml`.

    Raises Fault for an unknown environment or a file that cannot be read.
    """
    configured = _read(SAM_CONFIG)
    if not isinstance(configured.get(environment), dict):
        names = ", ".join(name for name, one in configured.items() if isinstance(one, dict))
        message = f"samconfig.toml has no environment {environment!r}; ENV is one of {names}"
        raise Fault(message)
    file = Path(os.environ.get(FILE_SETTING) or PROJECT / "deployment.toml")
    own = _read(file).get(environment, {})
    base = configured[environment]["global"]["parameters"]["stack_name"]
    listed = configured[environment]["deploy"]["parameters"].get("parameter_overrides", [])
    parameters = dict(one.split("=", 1) for one in (shlex.split(listed) if isinstance(listed, str) else listed))
    return Answers(
        environment,
        str(own.get("stack_name", base)),
        file,
        str(own.get("region", "")),
        parameters | {name: str(value) for name, value in own.get("parameters", {}).items()},
        str(own.get("registered", "")),
    )


@cache
def template() -> dict[str, Any]:
    """Return the template. It is parsed once, because that takes a second."""
    parsed: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return parsed


def declared() -> dict[str, dict[str, Any]]:
    """Return the parameters that the template declares."""
    parameters: dict[str, dict[str, Any]] = template()["Parameters"]
    return parameters


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        return tomllib.loads(file.read_text())
    except tomllib.TOMLDecodeError as error:
        message = f"{file} is no TOML: {error}"
        raise Fault(message) from error


def _as_toml(environments: dict[str, Any]) -> Iterator[str]:
    # A JSON text is a TOML text as well.
    for name, one in environments.items():
        yield f"\n[{name}]\n"
        yield from (f"{key} = {_text(one[key])}\n" for key in ("region", "stack_name", "registered") if one.get(key))
        yield f"\n[{name}.parameters]\n"
        yield from (f"{key} = {_text(value)}\n" for key, value in one.get("parameters", {}).items())


def _text(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)
