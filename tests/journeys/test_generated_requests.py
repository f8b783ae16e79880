"""Generated requests: the stack answers each as docs/openapi.json says, never with a 5xx, and refuses invalid ones.

Schemathesis makes the requests from the document: valid and invalid ones by chance, and those at the bounds of every
schema. About half of the ids, and of other values that cannot be guessed, exist: they are those of a scene. The gate
sends a few requests, the same ones each time; `make fuzz` and `make nightly` send many, others each time.
"""

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
)
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode

from local import sample
from local.build import PROJECT
from tests.journeys.calls import PROBLEM, Caller, success
from tests.journeys.contract import ROUTES, Scene
from tests.journeys.known_values import Known, cursors_of, days_ahead, known_values
from tests.journeys.world import World
from tests.rows_and_columns import IS_NIGHTLY, seed_of_run

Document = dict[str, Any]

DOCUMENT: Document = json.loads((PROJECT / "docs" / "openapi.json").read_text())
OPERATIONS: dict[str, Document] = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
NOBODY = "nobody"
OTHERS = {"user": ["ben"], "agent": ["emil"], "backend": []}
"""Callers without the right, or inactive, beside the one of the contract's table."""
CALLERS: dict[str, list[str]] = {label: [NOBODY] for label in OPERATIONS} | {
    label: [*[route.who] * 3, *OTHERS[route.kind], NOBODY]
    for route in ROUTES
    for label in OPERATIONS
    if re.sub("{.*?}", "{}", label) == re.sub("{.*?}", "{}", route.call.partition("?")[0])
}
MODES = list(GenerationMode)
ROUNDS, EXAMPLES, BOUNDS = (3, 25, 1000) if IS_NIGHTLY else (1, 2, 4)
"""Scenes for each operation, requests by chance of each mode in a scene, and about how many requests at bounds."""
BY_CHANCE = settings(
    max_examples=EXAMPLES,
    phases=[Phase.generate],
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
GATE_SEED = 1
USUAL_HEADERS = {
    *("apigw-requestid", "cache-control", "connection", "content-length", "content-type", "date", "server"),
    *("strict-transport-security", "x-content-type-options"),
}
"""Headers of every answer; `apigw-requestid` is that of API Gateway."""


def status_is_documented(context: Any, response: Any, case: Any) -> None:
    """Fail for a 5xx and for a status that the document does not have.

    The library's own checks of both make exceptions for requests with an unusual content type.
    """
    assert response.status_code < 500, "a 5xx"
    assert str(response.status_code) in OPERATIONS[case.operation.label]["responses"], "not documented"


def headers_are_documented(context: Any, response: Any, case: Any) -> None:
    """Fail for a header that the document does not have and that is not one of every answer."""
    documented = {name.lower() for name in _description(response, case).get("headers", {})}
    assert response.headers.keys() <= documented | USUAL_HEADERS, f"not documented: {list(response.headers)}"


def code_is_documented(context: Any, response: Any, case: Any) -> None:
    """Fail for a refusal whose code the document does not have at that status."""
    if response.headers.get("content-type") == [PROBLEM]:
        code = response.json()["code"]
        assert f"`{code}`" in _description(response, case).get("description", ""), f"not documented: {code}"


def _description(response: Any, case: Any) -> Document:
    described: Document = OPERATIONS[case.operation.label]["responses"].get(str(response.status_code), {})
    return described


CHECKS = [
    status_is_documented,
    headers_are_documented,
    code_is_documented,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@dataclass
class Answers:
    """The statuses of each operation's answers."""

    of: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def summary(self) -> str:
        """Return the numbers of requests and operations, and of the answers by status."""
        statuses = sum(self.of.values(), Counter[int]())
        by_status = ", ".join(f"{count:,} with {status}" for status, count in sorted(statuses.items()))
        return f"generated requests: {statuses.total():,} to {len(self.of)} operations, answered {by_status}"


@dataclass
class Client:
    """Sends generated requests of one operation, by callers of one scene, and collects the faults of the answers."""

    label: str
    scene: Scene
    known: Known
    session: requests.Session
    seed: int
    statuses: Counter[int]
    faults: dict[str, str]
    """The first fault of each kind, with its request as a command of curl."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.callers = [caller_of(self.scene, who) for who in CALLERS[self.label]]
        self.parameters = self.known.parameters
        if any(parameter["name"] == "limit" for parameter in OPERATIONS[self.label].get("parameters", [])):
            self.parameters = self.parameters | cursors_of(self.label.removeprefix("GET "), self.callers[0])

    def send(self, case: Any, caller: Caller) -> None:
        for location in (case.path_parameters, case.query, case.headers):
            for name in [name for name in location if name in self.parameters]:
                location[name] = self._maybe(self.parameters[name], location[name])
        case.body = self._with_known_members(case.body)
        headers = {"Authorization": f"Bearer {caller.token}"} if caller.token else {}
        answer = case.call(base_url=self.scene.world.stack.url, session=self.session, headers=headers)
        self.statuses[answer.status_code] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            kinds = ", ".join(sorted(failure.title for failure in group.exceptions))
            self.faults.setdefault(f"{answer.status_code} {kinds}", f"GUESTKEY_SEED={self.seed}\n{group}")

    def send_at_bounds(self, operation: Any) -> None:
        """Send requests at the bounds of each schema, by the first caller."""
        generation = operation.schema.config.generation_for(operation=operation, phase="coverage")
        cases = list(
            operation.schema.iter_coverage_cases(operation, generation_modes=MODES, generation_config=generation)
        )
        for case in cases[:: max(1, len(cases) // BOUNDS)]:
            self.send(case, self.callers[0])

    def send_by_chance(self, operation: Any) -> None:
        """Send valid and invalid requests, by all callers."""
        for mode in MODES if can_be_invalid(OPERATIONS[self.label]) else [GenerationMode.POSITIVE]:
            cases = operation.as_strategy(generation_mode=mode)
            by_chance = given(case=cases, caller=st.sampled_from(self.callers))(self.send)
            seed(self.seed)(BY_CHANCE(by_chance))()

    def _with_known_members(self, body: Any) -> Any:
        """Return a body, or a part of it, with some values that exist."""
        if isinstance(body, list):
            return [self._with_known_members(item) for item in body]
        if not isinstance(body, dict):
            return body
        return {
            name: self._maybe(self.known.members.get(name, []), self._with_known_members(value))
            for name, value in body.items()
        }

    def _maybe(self, known: list[Any], generated: Any) -> Any:
        """Return a known value, if there is one, with a chance of one half."""
        return self.chance.choice(known) if known and self.chance.random() < 0.5 else generated


@pytest.fixture(scope="module")
def answers() -> Answers:
    return Answers()


@pytest.fixture(scope="module")
def new_scene(world: World) -> Callable[[], tuple[Scene, Known]]:
    """Return a function that makes a scene with its known values; in the gate it returns the same one each time."""

    def new() -> tuple[Scene, Known]:
        scene = Scene.set_up(world)
        return scene, known_values(scene)

    return new if IS_NIGHTLY else cache(new)


@pytest.fixture(scope="module")
def first_seed() -> int:
    return seed_of_run(GATE_SEED)


@pytest.fixture(scope="module")
def schema() -> Any:
    loaded = schemathesis.openapi.from_dict(DOCUMENT)
    loaded.config.phases.coverage.unexpected_methods = set()  # they are of no operation
    loaded.config.generation.update(with_security_parameters=False)  # the callers have tokens, or none
    return loaded


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture(scope="module", autouse=True)
def _restored(world: World) -> Iterator[None]:
    """Load the sample world at the end, because the requests change the desk."""
    yield
    world.stack.reset()


@pytest.mark.parametrize("label", OPERATIONS)
def test_each_answer_is_as_the_document_says(
    world: World,
    new_scene: Callable[[], tuple[Scene, Known]],
    schema: Any,
    session: requests.Session,
    answers: Answers,
    first_seed: int,
    label: str,
) -> None:
    method, _, path = label.partition(" ")
    faults: dict[str, str] = {}
    for number in range(first_seed, first_seed + ROUNDS):
        client = Client(label, *new_scene(), session, number, answers.of[label], faults)
        try:
            client.send_at_bounds(schema[path][method])
            client.send_by_chance(schema[path][method])
        finally:
            restore_desk(world, label)

    assert not faults, "\n\n".join(faults.values())


def test_the_answers_include_a_success_of_each_operation(
    answers: Answers, first_seed: int, measured: Callable[[str], None]
) -> None:
    """Otherwise its successful answers were never compared with the document. The gate sends too few for that."""
    measured(f"{answers.summary()}, GUESTKEY_SEED={first_seed}")
    failed = [label for label, statuses in answers.of.items() if not any(status < 300 for status in statuses)]

    assert failed == [] or not IS_NIGHTLY


def restore_desk(world: World, label: str) -> None:
    """Open the desk again with the settings of the sample world, if the operation changes them."""
    if label == "PUT /v1/vendor/desk":
        success(world.backend.put("/v1/vendor/desk", sample.DESK))
    if label == "PUT /v1/vendor/closures/{day}":
        for day in days_ahead():
            success(world.backend.delete(f"/v1/vendor/closures/{day}"))


def can_be_invalid(operation: Document) -> bool:
    """Return whether an operation has more input than ids and headers, which the document allows to be any text."""
    parameters = operation.get("parameters", [])
    return "requestBody" in operation or any(
        parameter["in"] == "query" or not {"pattern", "format"}.isdisjoint(parameter["schema"])
        for parameter in parameters
    )


def caller_of(scene: Scene, who: str) -> Caller:
    return scene.world.anonymous if who == NOBODY else scene.caller(who)
