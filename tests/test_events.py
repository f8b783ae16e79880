"""The sample events of `events/`, in the form of `sam local invoke`, are sent to the real handlers.

A request's file is named `<function>.<status>-<what>.json`, any other event's `<function>.<what>.json`. Requests are
sent on Monday at noon in the sample world, after Anna let Sven in (GRANT_ID), Sven recorded a login (LOGIN_ID) and sent
a further request (REQUEST_ID), Acme was called back (CALLED_ID), and Globex booked a call for the next morning
(CALLBACK_ID). Other events are sent 25 hours later, when Sven's grant has ended.
"""

import json
from base64 import b64encode
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import time_machine
from moto.dynamodb.models.table import Table
from samcli.lib.generated_sample_events.events import Events

from guestkey.edge.stream import reminders
from tests import bus, dead_letters, factories, personas, schedules, stack, stream, table
from tests.calls import LambdaContext, answer, handler, send
from tests.edge import post
from tests.rows_and_columns import IS_NIGHTLY, each_row

ALL = sorted((stack.PROJECT / "events").glob("*.json"))
ASKED = {route.folder for route in stack.routes()}
EVENTS = [file for file in ALL if file.name.split(".")[0] in ASKED]
OTHERS = [file for file in ALL if file not in EVENTS]
GRANT_ID = "01M844DZG0ACMEGRANT0000001"
LOGIN_ID = "01M844DZG0SVENENTERS000001"
REQUEST_ID = "01M844DZG0SVENASKSACME0001"
CALLED_ID = "01M844DZG0SVENREACHEDACME1"
CALLBACK_ID = "01M844DZG0NEXTDAYATTEN0001"

every_event = each_row("file", EVENTS, ids=lambda file: file.stem)
every_other = pytest.mark.parametrize("file", OTHERS, ids=lambda file: file.stem)


def read(file: Path) -> Any:
    return json.loads(file.read_text())


def function_of(file: Path) -> str:
    return file.name.split(".")[0]


def status_of(file: Path) -> int:
    return int(file.name.split(".")[1].split("-")[0])


def source_of(file: Path) -> str:
    """Return the source of an event other than a request."""
    match read(file):
        case {"Records": _}:
            return "Stream"
        case {"redrive": _}:
            return "operator"
        case {"callback_id": _}:
            return "reminder"
        case _:
            return "Schedule"


@cache
def what_happened_before() -> Table:
    factories.grant(personas.SVEN, grant_id=GRANT_ID)
    factories.login(personas.SVEN, login_id=LOGIN_ID)
    factories.requested(personas.SVEN, request_id=REQUEST_ID)
    factories.closed(factories.taken(factories.callback(callback_id=CALLED_ID)))
    factories.callback(personas.CARLA, factories.TUESDAY_AT_TEN, callback_id=CALLBACK_ID)
    return table.picture()


@every_event
def test_it_is_answered_as_its_name_says(file: Path, world: time_machine.Traveller) -> None:
    table.restore(what_happened_before())
    said = answer(handler(function_of(file))(read(file), None))

    assert said.status == status_of(file), said.text
    if said.status >= 400 and said.text:  # a response to HEAD has no body
        assert said.code == file.name.split(".")[1].partition("-")[2].replace("-", "_")


def test_each_belongs_to_a_route_of_its_function_and_comes_from_whom_that_route_lets_pass() -> None:
    for file in EVENTS:
        event = read(file)
        (route,) = [route for route in stack.routes() if route.key == event["routeKey"]]

        assert route.folder == function_of(file), file.name
        assert event["requestContext"]["routeKey"] == route.key, file.name
        assert event["requestContext"]["http"]["method"] == route.method, file.name
        assert event["requestContext"]["http"]["path"] == event["rawPath"], file.name
        assert set(event.get("pathParameters", {})) == {
            part.strip("{+}") for part in route.path.split("/") if part.startswith("{")
        }, file.name
        if route.is_public:
            assert "authorizer" not in event["requestContext"], file.name
            continue
        jwt = event["requestContext"]["authorizer"]["jwt"]
        assert jwt["claims"]["iss"] == f"https://{route.authorizer.lower()}.example", file.name
        assert jwt["scopes"] is None, file.name
        assert set(route.scopes) <= set(jwt["claims"].get("scope", "").split()), file.name


def test_each_event_names_only_the_sample_world() -> None:
    cast = [
        personas.ANNA,
        personas.BEN,
        personas.GIULIA,
        personas.CARLA,
        personas.SVEN,
        personas.DORA,
        personas.EMIL,
        personas.BACKEND,
    ]
    for file in EVENTS:
        claims = read(file)["requestContext"].get("authorizer", {"jwt": {"claims": {}}})["jwt"]["claims"]

        assert not claims or {name: value for name, value in claims.items() if name != "act"} in [
            who.claims for who in cast
        ], file.name


@every_other
def test_what_is_no_request_is_handled(file: Path, world: time_machine.Traveller) -> None:
    factories.grant(personas.SVEN, grant_id=GRANT_ID)
    factories.login(personas.SVEN, login_id=LOGIN_ID)
    factories.requested(personas.SVEN, request_id=REQUEST_ID)
    world.shift(timedelta(hours=25))
    dead_letters.make_queue()
    with post.fake_ses(), bus.taking():
        said = handler(function_of(file))(read(file), LambdaContext())

    assert said in (None, {"batchItemFailures": []}, {"done": 0, "dead_lettered": 0})
    assert dead_letters.messages() == []


@pytest.mark.parametrize("file", [file for file in OTHERS if function_of(file) == "notify"], ids=lambda file: file.stem)
def test_a_record_is_what_the_table_really_streams_and_is_told(file: Path, world: time_machine.Traveller) -> None:
    before = stream.position()
    factories.grant(personas.SVEN, grant_id=GRANT_ID)
    factories.login(personas.SVEN, login_id=LOGIN_ID)
    streamed = {record["dynamodb"]["Keys"]["SK"]["S"]: record for record in stream.since(before)}
    dead_letters.make_queue()
    with post.fake_ses() as mails, bus.taking() as events:
        handler("notify")(read(file), LambdaContext())

    for record in read(file).get("Records", []):
        real = streamed[record["dynamodb"]["Keys"]["SK"]["S"]]
        assert record.keys() == real.keys()
        assert record["dynamodb"].keys() == real["dynamodb"].keys()
        assert record["dynamodb"]["NewImage"] == real["dynamodb"]["NewImage"]
        assert [event["DetailType"] for event in events] == [file.name.split(".")[1].replace("-", ".")]
        # Anna gave the grant herself, and only Giulia is mailed.
        assert len(mails) == (1 if "grant-given" in file.name else 2)


def test_a_reminder_is_what_is_really_scheduled_and_reminds(world: time_machine.Traveller) -> None:
    (file,) = [file for file in OTHERS if function_of(file) == "reminder"]
    factories.callback(personas.CARLA, factories.TUESDAY_AT_TEN, callback_id=CALLBACK_ID)
    schedules.make_group()
    reminders.put("globex", CALLBACK_ID, factories.TUESDAY_AT_TEN)

    ((_, told),) = schedules.told()
    with post.fake_ses() as mails:
        handler("reminder")(read(file), LambdaContext())

    assert told == read(file)
    assert post.recipients(mails) == ["carla@globex.example"]


def test_every_function_has_one_that_works_and_one_that_is_refused() -> None:
    assert {function_of(file) for file in EVENTS} == ASKED
    assert {function_of(file) for file in EVENTS if status_of(file) < 400} == ASKED
    assert {function_of(file) for file in EVENTS if status_of(file) >= 400} == ASKED


def test_every_function_without_a_route_has_an_event_for_each_of_its_sources() -> None:
    assert {function_of(file) for file in OTHERS} == stack.folders() - ASKED
    streamed = {mapping["FunctionName"]["Ref"] for mapping in stack.of_type("AWS::Lambda::EventSourceMapping").values()}
    keeper = stack.resource("NotifyFunction")["Environment"]["Variables"]
    reminding, _ = keeper["REMINDER_FUNCTION"]["Fn::GetAtt"]
    for name, properties in stack.of_type("AWS::Serverless::Function").items():
        sources = {event["Type"] for event in properties.get("Events", {}).values()} - {"HttpApi"}
        files = [file for file in OTHERS if function_of(file) == stack.folder_of(properties)]
        assert {source_of(file) for file in files} - {"operator"} == sources | (
            {"Stream"} if name in streamed else set()
        ) | ({"reminder"} if name == reminding else set())


def test_every_route_has_one() -> None:
    assert {read(file)["routeKey"] for file in EVENTS} == {route.key for route in stack.routes()}


def test_an_event_is_sent_to_the_function_of_its_route(world: time_machine.Traveller) -> None:
    about = next(file for file in EVENTS if file.name.endswith("-about.json"))

    assert send(read(about)).body["tenant_id"] == "acme"


# ------------------------------------------------------------------ in the form of AWS's own samples


def sample(service: str, kind: str) -> Any:
    """Return AWS's sample of an event, as `sam local generate-event` prints it."""
    chosen = Events()
    values = {name: one["default"] for name, one in chosen.event_mapping[service][kind]["tags"].items()}
    return json.loads(chosen.generate_event(service, kind, values))


def merged(of_aws: Any, own: Any) -> Any:
    """Return AWS's sample with our values; all that the sample has beside them remains."""
    if isinstance(of_aws, dict) and isinstance(own, dict):
        return of_aws | {name: merged(of_aws.get(name), value) for name, value in own.items()}
    return own


def as_the_gateway_sends_it(event: Any) -> Any:
    """Return a request with cookies, a client certificate, stage variables, a further header, and a body in base64.

    The gateway passes every claim as text, a list as `[a b]`.
    """
    sent = merged(sample("apigateway", "http-api-proxy"), event)
    for absent in {"queryStringParameters", "pathParameters", "body"} - event.keys():
        del sent[absent]
    if "authorizer" not in event["requestContext"]:
        del sent["requestContext"]["authorizer"]
    else:
        more = {"iat": "1795435200", "auth_time": "1795435200", "email_verified": "true", "cognito:groups": "[a b]"}
        sent["requestContext"]["authorizer"]["jwt"]["claims"] = {
            **more,
            **event["requestContext"]["authorizer"]["jwt"]["claims"],
        }
    if "body" in event and not event["isBase64Encoded"]:
        sent |= {"body": b64encode(event["body"].encode()).decode(), "isBase64Encoded": True}
    return sent


FIRST_OF_EACH = list({function_of(file): file for file in reversed(EVENTS) if status_of(file) < 300}.values())


@each_row("file", EVENTS if IS_NIGHTLY else FIRST_OF_EACH, ids=lambda file: file.stem)
def test_a_request_in_the_form_of_the_gateways_sample_is_answered_alike(
    file: Path, world: time_machine.Traveller
) -> None:
    event = read(file)
    table.restore(what_happened_before())
    short = answer(handler(function_of(file))(event, None))
    table.restore(what_happened_before())
    complete = answer(handler(function_of(file))(as_the_gateway_sends_it(event), None))

    assert (complete.status, shape(complete.body)) == (short.status, shape(short.body))


def shape(body: Any) -> Any:
    """Return the names of a response and not its values, because new ids differ."""
    return sorted(body) if isinstance(body, dict) else type(body)


def test_a_batch_of_the_stream_in_the_form_of_its_sample_is_handled(world: time_machine.Traveller) -> None:
    of_aws = sample("dynamodb", "update")
    own = read(stack.PROJECT / "events/notify.grant-given.json")
    factories.grant(personas.SVEN, grant_id=GRANT_ID)
    dead_letters.make_queue()
    with post.fake_ses() as mails, bus.taking() as events:
        said = handler("notify")({"Records": [merged(of_aws["Records"][0], own["Records"][0])]}, LambdaContext())

    assert said == {"batchItemFailures": []}
    assert dead_letters.messages() == []
    assert len(events) == 1
    assert mails


def test_a_swept_live_key_in_the_form_of_the_streams_sample_is_handled(world: time_machine.Traveller) -> None:
    removed = sample("dynamodb", "update")["Records"][2]
    own = read(stack.PROJECT / "events/cleanup.swept-live-key.json")
    dead_letters.make_queue()

    assert removed["eventName"] == "REMOVE"
    said = handler("cleanup")({"Records": [merged(removed, own["Records"][0])]}, LambdaContext())
    assert said == {"batchItemFailures": []}
    assert dead_letters.messages() == []


def test_the_schedule_in_the_form_of_its_sample_starts_a_clean_up(world: time_machine.Traveller) -> None:
    assert handler("cleanup")(sample("cloudwatch", "scheduled-event"), LambdaContext()) is None
