"""The docs agree with the code: a fact that only one of them has fails a test here."""

import ast
import io
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import time_machine

from guestkey import errors, settings, store
from guestkey.edge.http.problem import problem
from guestkey.edge.stream import event_bus
from guestkey.rules.ledger import What
from guestkey.store.dynamodb import index_keys, keys, models
from guestkey.store.registry import tenants
from guestkey_client import Guestkey, NoEntry, Right
from local import sample
from tests import calls, factories, product, stack
from tests.docs import DOCS, FENCED, blocks, page, section
from tests.edge import post
from tests.personas import ANNA, BACKEND, BEN, CARLA, DORA, SVEN
from tests.rows_and_columns import each_row

CALLBACK = {"topic": "question", "description": "The import stands still", "phone": "+49 241 44686122"}
PAGES = sorted([*stack.PROJECT.glob("*.md"), *DOCS.rglob("*.md"), stack.PROJECT / "client/README.md"])
PRESENT = [path for path in PAGES if path.name != "CHANGELOG.md"]
"""The pages about the present state. The changelog keeps the names of its time."""
STOP_LIST = re.compile(
    r"\b(whoever|whatever|whichever|nobody|what (is|was|it|they|an?|the)\b|that is\b|who (is|was)\b)", re.IGNORECASE
)
INTEGRATING = [f"integrating/{name}.md" for name in ("quickstart", "backend", "panel", "agents-desk", "reference")]
"""The pages for integrators, in the order in which their code runs as one program."""
STORES = [import_module(found.name) for found in walk_packages(store.__path__, "guestkey.store.") if not found.ispkg]


def rows(text: str, *first: str) -> list[list[str]]:
    """Return the cells of the table whose header begins with these titles, without the header."""
    lines = iter(text.splitlines())
    head = "| " + " | ".join(first) + " |"
    assert any(line.startswith(head) for line in lines), f"there is no table {head}"
    next(lines)
    return [
        [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in iter(lambda: next(lines, ""), "")
    ]


def code(text: str) -> list[str]:
    """Return the texts between backquotes, on one line or over two."""
    return [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", FENCED.sub("", text))]


# ------------------------------------------------------------------ refusals


def test_every_refusal_is_in_the_table_with_its_status_and_an_action() -> None:
    documented = rows(section(page("integrating/reference.md"), "Refusals"), "status", "`code`")

    assert {code(cell)[0]: int(status) for status, cell, _, _ in documented} == {
        refusal.code: refusal.status for refusal in errors.Refused.__subclasses__()
    }
    assert all(when and what_to_do for _, _, when, what_to_do in documented)


def test_the_shown_problem_is_a_real_answer() -> None:
    (shown,) = blocks(section(page("integrating/reference.md"), "Refusals"), "json")

    assert json.loads(shown) == json.loads(problem(errors.GrantEnded())["body"])


def test_the_shown_desk_is_the_sample_desk() -> None:
    (shown,) = blocks(section(page("integrating/backend.md"), "The support desk"), "json")

    assert json.loads(shown) == sample.DESK


# ------------------------------------------------------------------ the template


def parameters() -> dict[str, tuple[str, str]]:
    """Return the default and the variable of each parameter, as operating.md lists them."""
    documented = rows(section(page("operating.md"), "Parameters"), "parameter", "default", "meaning")
    assert all(meaning for _, _, meaning, _ in documented)
    return {code(name)[0]: (code(default)[0].strip('"'), "".join(code(read))) for name, default, _, read in documented}


def test_every_parameter_of_the_template_is_explained_with_its_default() -> None:
    assert {name: default for name, (default, _) in parameters().items()} == {
        name: str(parameter["Default"]) for name, parameter in stack.template()["Parameters"].items()
    }


def test_every_parameter_names_the_variable_that_functions_read_it_from() -> None:
    variables = stack.template()["Globals"]["Function"]["Environment"]["Variables"]
    fed = {
        parameter: variable
        for variable, value in variables.items()
        for parameter in parameters()
        if any(spelled in json.dumps(value) for spelled in (f'"{parameter}"', f"${{{parameter}}}"))
    }

    assert {name: variable for name, (_, variable) in parameters().items() if variable} == fed


def test_every_variable_of_the_environment_is_explained() -> None:
    source = Path(settings.__file__).read_text()
    read = set(re.findall(r'os\.environ(?:\.get\(|\[)"(\w+)"', source))
    given = set(stack.template()["Globals"]["Function"]["Environment"]["Variables"])
    documented = set(code(section(page("operating.md"), "Parameters")))

    assert read
    assert read | given <= documented


def test_every_route_is_listed_with_who_may_call_it_and_no_other_is() -> None:
    documented = rows(section(page("integrating/reference.md"), "Routes"), "route", "who")
    audiences = {"Tenant": "user", "Support": "agent", "Vendor": "backend", stack.PUBLIC: "anyone"}

    assert {code(route)[0]: (who.split(",")[0].split(" ")[0], tuple(code(who))) for route, who, _ in documented} == {
        route.key: (audiences[route.authorizer], route.scopes) for route in stack.routes()
    }


def test_throttles_are_those_of_the_template() -> None:
    documented = {
        (code(route) or ["every other"])[0]: (int(rate.replace(",", "")), int(burst.replace(",", "")))
        for route, rate, burst in rows(section(page("operating.md"), "Throttles"), "route", "requests a second")
    }
    api = stack.resource("Api")
    set_up = {"every other": api["DefaultRouteSettings"], **api["RouteSettings"]}

    assert documented == {
        route: (limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"]) for route, limits in set_up.items()
    }


def test_every_alarm_is_explained_with_an_action() -> None:
    documented = rows(section(page("operating.md"), "Alarms"), "alarm", "when", "what to do")

    assert [code(name)[0] for name, _, _ in documented] == list(stack.of_type("AWS::CloudWatch::Alarm"))
    assert all(when and what_to_do for _, when, what_to_do in documented)


def test_the_alarms_cost_is_counted_by_metric() -> None:
    alarms = stack.of_type("AWS::CloudWatch::Alarm").values()
    watched = sum(len(alarm.get("Metrics", [None, None])) - 1 for alarm in alarms)

    assert f"{watched} in all" in section(page("operating.md"), "Cost drivers")


def test_every_dns_record_of_the_outputs_is_explained() -> None:
    records = {name for name in stack.template()["Outputs"] if re.fullmatch("MailDkim.|MailFrom.*", name)}

    assert len(records) == 5
    assert records <= set(code(section(page("operating.md"), "The sender")))


def test_the_stacks_of_samconfig_are_explained() -> None:
    written = tomllib.loads((stack.PROJECT / "samconfig.toml").read_text())
    documented = rows(section(page("operating.md"), "First deployment"), "stack", "`samconfig.toml`", "stage")

    assert {code(env)[0]: (code(name)[0], f"Stage={code(stage)[0]}") for name, env, stage, _ in documented} == {
        env: (said["global"]["parameters"]["stack_name"], said["deploy"]["parameters"]["parameter_overrides"][0])
        for env, said in written.items()
        if isinstance(said, dict)
    }


# ------------------------------------------------------------------ the table


def chart() -> Iterator[list[str]]:
    """Yield the lines of the charts of `keys` and `index_keys`, cut into cells, without their headers."""
    for line in f"{keys.__doc__}\n{index_keys.__doc__}".splitlines():
        if line.startswith("    "):
            cells = re.split(r"  +", line.strip())
            if not {"PK", "SK"} & set(cells):
                yield cells


def test_every_key_of_the_chart_is_in_the_data_model() -> None:
    shapes = {
        shape
        for _, *both, _ in chart()
        for cell in both
        for shape in re.split(r", (?=[A-Z])", cell)
        if shape != "live keys"
    }

    assert len(shapes) > 15
    assert shapes <= set(code(page("data-model.md")))


def test_every_kind_of_item_is_in_the_data_model_with_all_its_attributes() -> None:
    documented = {
        code(kind)[0]: {name.rstrip("?") for name in code(attributes)}
        for kind, attributes in rows(section(page("data-model.md"), "Their attributes"), "kind", "attributes")
    }
    common, kind_of = stored_names(models.Item), models.Item.get_attributes()["kind"]
    made = {kind_of.serialize(kind): stored_names(kind) - common for kind in item_classes()}

    assert documented.keys() == made.keys()
    for kind, attributes in made.items():
        assert attributes <= documented[kind], kind
        assert documented[kind] - attributes <= common, kind


def stored_names(item: type[models.Item]) -> set[str]:
    """Return the names under which the table stores the attributes; the code may use others."""
    return {attribute.attr_name for attribute in item.get_attributes().values()}


NEVER_STORED = (models.Item, models.UnknownItem)


def item_classes() -> list[type[models.Item]]:
    found = [thing for module in STORES for thing in vars(module).values() if isinstance(thing, type)]
    return [thing for thing in found if issubclass(thing, models.Item) and thing not in NEVER_STORED]


def test_every_index_is_in_the_data_model() -> None:
    documented = {code(name)[0] for name, *_ in rows(section(page("data-model.md"), "Indexes"), "index", "PK", "SK")}

    assert documented == {index["IndexName"] for index in stack.resource("Table")["GlobalSecondaryIndexes"]}


# ------------------------------------------------------------------ code in the docs


@each_row("path", PAGES, ids=lambda path: str(path.relative_to(stack.PROJECT)))
def test_python_in_the_docs_can_be_read_as_python(path: Path) -> None:
    for block in blocks(path.read_text(), "python"):
        ast.parse(block)


def test_the_handler_that_contributors_are_shown_is_the_real_one() -> None:
    shown = blocks((stack.PROJECT / "CONTRIBUTING.md").read_text(), "python")[0]

    assert shown in (stack.PROJECT / "functions/grant/app.py").read_text()


@dataclass
class Program:
    """The code of docs/integrating, run as one program, and a client of the functions for each caller."""

    does: SimpleNamespace
    backend: Guestkey
    anna: httpx.Client
    ben: httpx.Client
    carla: httpx.Client
    sven: httpx.Client


@pytest.fixture
def program(world: object) -> Iterator[Program]:
    made: dict[str, Any] = {}
    for name in INTEGRATING:
        for block in blocks(page(name), "python"):
            if block not in product.EXAMPLES.values():
                exec(compile(block, f"docs/{name}", "exec"), made)
    url = "https://guestkey.example"
    people = [httpx.Client(base_url=url, transport=calls.transport(caller)) for caller in (ANNA, BEN, CARLA, SVEN)]
    with Guestkey(url, lambda: "backend's", transport=calls.transport(BACKEND)) as backend:
        yield Program(SimpleNamespace(**made), backend, *people)
    for client in people:
        client.close()


def test_the_vendors_code_registers_a_customer_who_can_then_be_asked_about(program: Program) -> None:
    program.does.register_a_first_customer(program.backend)

    assert program.does.offers_entry(program.backend, "initech", "sven") is False
    assert tenants.tenant("initech").approver_emails == ("peter@initech.example",)
    assert factories.holds_right("initech", "milton") is False


def test_the_vendors_code_lets_an_agent_in_only_while_the_customer_does(program: Program) -> None:
    do = program.does
    assert do.offers_entry(program.backend, "acme", "sven") is False

    grant = do.give(program.anna, "support")
    assert do.offers_entry(program.backend, "acme", "sven") is True
    login = do.enter(program.sven, "acme", "Invoice 4711 cannot be printed", "T-17")
    entry = do.let_in(program.backend, "acme", "sven", login["login_id"])
    assert do.may_go_on(program.backend, entry, "POST", is_export=False) is True
    assert do.may_go_on(program.backend, entry, "GET", is_export=True) is False

    assert do.revoke(program.anna, grant["grant_id"])["state"] == "revoked"
    assert do.may_go_on(program.backend, entry, "POST", is_export=False) is False
    with pytest.raises(NoEntry, match="no_live_grant"):
        do.let_in(program.backend, "acme", "sven", login["login_id"])
    assert [listed["grant_id"] for listed in do.everything(program.anna, "/v1/grants")] == [grant["grant_id"]]
    assert list(do.everything(program.anna, "/v1/grants", state="live")) == []
    assert [listed["login_id"] for listed in do.everything(program.anna, "/v1/logins")] == [login["login_id"]]


def test_the_vendors_code_treats_every_answer_but_a_clear_yes_as_a_no(program: Program) -> None:
    do = program.does
    do.give(program.anna, "support")
    login = do.enter(program.sven, "acme", "Invoice 4711 cannot be printed")
    entry = do.let_in(program.backend, "acme", "sven", login["login_id"])

    assert do.may_go_on(program.backend, entry, "POST", is_export=False) is True
    assert do.may_go_on(program.backend, replace(entry, login_id="no-login-id"), "GET", is_export=False) is False
    assert do.may_go_on(program.backend, replace(entry, login_id=None), "GET", is_export=False) is False
    assert do.may_go_on(program.backend, replace(entry, agent_id="dora"), "GET", is_export=False) is False
    assert do.may_go_on(program.backend, replace(entry, tenant_id="globex"), "GET", is_export=False) is False


def test_a_refusal_reaches_the_vendors_code_as_one_and_is_not_tried_again(program: Program) -> None:
    with pytest.raises(httpx.HTTPStatusError) as refused:
        program.does.give(program.ben, "support")

    assert refused.value.response.json()["code"] == "right_missing"
    assert list(program.does.everything(program.anna, "/v1/grants")) == []


def test_the_vendors_code_asks_by_mail_and_a_customers_answers(program: Program) -> None:
    do = program.does
    (address, *_) = do.whom_to_ask(program.sven, "acme")
    with post.fake_ses() as mails:
        request = do.ask(program.sven, "acme", "Invoice 4711 cannot be printed", period="4h", recipients=[address])
        do.send_again(program.sven, request["request_id"])

    assert [mail["Destination"]["ToAddresses"] for mail in mails] == [[address], [address]]
    assert [listed["request_id"] for listed in do.everything(program.anna, "/v1/requests", state="pending")] == [
        request["request_id"]
    ]
    grant = do.approve(program.anna, request["request_id"], period="1h")
    assert (grant["period"], grant["request_id"]) == ("1h", request["request_id"])
    (listed,) = do.everything(program.sven, "/v1/support/requests")
    assert (listed["state"], listed["grant_id"]) == ("approved", grant["grant_id"])


def test_the_vendors_code_has_a_request_mailed_again_whose_mail_failed(program: Program) -> None:
    refusals = iter([(HTTPStatus.BAD_REQUEST, "MessageRejected", "no")])
    with post.fake_ses(lambda address: next(refusals, None)) as mails:
        request = program.does.ask(program.sven, "globex", "The import stands still")

    assert (request["mail"], len(mails)) == ("sent", 2)
    assert program.does.decline(program.carla, request["request_id"], "Not now")["note"] == "Not now"
    with pytest.raises(httpx.HTTPStatusError):
        program.does.withdraw(program.sven, request["request_id"])


def test_every_written_entry_has_the_documented_form(program: Program, world: time_machine.Traveller) -> None:
    do = program.does
    documented = {
        What(code(what)[0]): (set(re.split(", or |, ", by)), set(code(data)))
        for what, by, _, data in rows(
            section(page("integrating/reference.md"), "The ledger"), "`what`", "`by`", "`about`"
        )
    }
    with pytest.raises(httpx.HTTPStatusError):
        do.enter(program.sven, "acme", "Nobody has let me in")
    grant = do.give(program.anna, "support")
    login = do.enter(program.sven, "acme", "Invoice 4711 cannot be printed")
    do.leave(program.sven, login["login_id"])
    do.revoke(program.anna, grant["grant_id"])
    calls.call("PUT", "/v1/notices", {"kinds": {"granted": "digest"}}, caller=ANNA)
    assert do.lock(program.anna, "An alarm")["locked_by"]["user_id"] == "anna"
    assert do.lift(program.anna, keep_grants=True)["kept_grants"] is True
    calls.call("PUT", "/v1/policy", {"version": 0, "rules": {"approvers": ["anna"]}}, caller=ANNA)
    calls.call("PUT", "/v1/policy", {"version": 1, "rules": {}}, caller=ANNA)
    calls.call("DELETE", "/v1/policy/waiting", caller=ANNA)
    kept = factories.grant("support", period="permanent", at=factories.LONG_AGO)
    calls.call("POST", f"/v1/grants/{kept.grant_id}/keep", caller=ANNA)
    do.enter(program.sven, "acme", "It can be printed now")
    approved, declined, withdrawn, _ = [do.ask(program.sven, "acme", "Invoice 4711") for _ in range(4)]
    do.approve(program.anna, approved["request_id"])
    do.decline(program.anna, declined["request_id"], "Tomorrow, please")
    do.withdraw(program.sven, withdrawn["request_id"])
    world.shift(timedelta(hours=25))
    calls.handler("cleanup")({}, calls.LambdaContext())
    moved = do.ask_to_be_called(program.anna, CALLBACK, do.free_slots(program.anna, "question"))
    calls.call("PUT", f"/v1/vendor/closures/{moved['starts_at'][:10]}", {"name": "Works outing"}, caller=BACKEND)
    do.cancel(program.anna, do.move(program.anna, moved["callback_id"], None)["callback_id"])
    do.ask_to_be_called(program.anna, CALLBACK, [])
    world.shift(timedelta(seconds=2))  # Anna's priority claim has expired
    taken = do.next_in_queue(program.sven)["callback_id"]
    calls.call("POST", f"/v1/support/callbacks/{taken}/release", caller=SVEN)
    calls.call("POST", f"/v1/support/callbacks/{taken}/take", caller=DORA)
    calls.call("POST", f"/v1/support/callbacks/{taken}/hand", {"agent_id": "sven"}, caller=DORA)
    do.close(program.sven, taken, reached=True, note="The import runs again")
    for number in range(60):
        program.backend.put(Right(tenant_id="acme", user_id=f"user{number}", may_grant=False, changed_by="anna"))

    copy = io.BytesIO()
    head = do.keep_ledger(program.anna, copy)
    entries = [json.loads(line) for line in copy.getvalue().splitlines()]
    written: dict[What, tuple[set[str], set[str]]] = {}
    for entry in entries:
        by, data = written.setdefault(What(entry["what"]), (set(), set(entry["data"])))
        by.add(entry["by"]["type"])
        assert data == set(entry["data"])

    assert len(entries) > 60
    assert {what: data for what, (_, data) in written.items()} == {what: data for what, (_, data) in documented.items()}
    assert all(by <= documented[what][0] for what, (by, _) in written.items())
    assert head == f"{entries[-1]['seq']}:{entries[-1]['hash']}"


def test_the_shown_event_has_the_form_of_a_real_one(program: Program) -> None:
    shown = json.loads(blocks(section(page("integrating/backend.md"), "Events"), "")[0])
    grant = program.does.give(program.anna, "support")
    program.does.revoke(program.anna, grant["grant_id"])
    entry = program.anna.get("/v1/ledger").text.splitlines()[-1]

    assert shown["source"] == event_bus.SOURCE
    assert shown["detail-type"] == shown["detail"]["what"] == json.loads(entry)["what"]
    assert shape_of(shown["detail"]) == shape_of(json.loads(entry))


def shape_of(said: Any) -> Any:
    """Return the names and types, without the values."""
    return {name: shape_of(value) for name, value in said.items()} if isinstance(said, dict) else type(said)


# ------------------------------------------------------------------ the panel


def test_the_panels_attributes_events_and_parts_are_documented() -> None:
    documented = section(page("integrating/panel.md"), "Embed the panel")
    web = stack.PROJECT / "functions" / "web" / "web"
    code_of_panel = "\n".join(
        file.read_text()
        for file in sorted(one for name in ("surface", "tabs", "elements", "panel") for one in web.glob(f"{name}*"))
    )

    attributes = {code(name)[0] for name, _ in rows(documented, "attribute", "meaning")}
    events = {code(name)[0].removeprefix("guestkey:") for name, _, _ in rows(documented, "event", "`detail`", "when")}
    properties = {word for word in code(documented) if word.startswith("--guestkey-")}
    assert attributes == set(re.findall(r"this\.\w+Attribute\(\"([a-z-]+)\"", code_of_panel))
    assert events == set(re.findall(r'emit\("([\w-]+)"', code_of_panel))
    assert properties == set(re.findall(r"var\((--guestkey-[a-z-]+)", code_of_panel))
    parts = set(re.findall(r'part: "(\w+)"', code_of_panel))
    assert parts == set(code(documented[documented.index("Parts for") :].split("\n\n")[0])) - {"::part()"}


def test_the_agents_desks_attributes_and_events_are_documented() -> None:
    documented = section(page("integrating/agents-desk.md"), "Embed the desk")
    web = stack.PROJECT / "functions" / "web" / "web"
    code_of_desk = "\n".join(file.read_text() for file in sorted([*web.glob("surface*"), *web.glob("desk*")]))
    shared = set(re.findall(r"this\.getAttribute\(\"([a-z-]+)\"", (web / "surface.js").read_text()))

    # The desk has the attributes of both elements. It is always part of the page, so it has no `inline`.
    assert {code(name)[0] for name, _ in rows(documented, "attribute", "meaning")} == shared
    events = {code(name)[0].removeprefix("guestkey:") for name, _, _ in rows(documented, "event", "`detail`", "when")}
    assert events == set(re.findall(r'emit\("([\w-]+)"', code_of_desk))


# ------------------------------------------------------------------ language


def test_each_word_of_the_glossary_is_defined_once_and_has_a_standard_term() -> None:
    lines = [line for line in page("glossary.md").splitlines() if line.startswith("| **")]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    words = [word for name, *_ in cells for bold in re.findall(r"\*\*(.+?)\*\*", name) for word in bold.split(", ")]

    assert len(words) > 80
    assert sorted(words) == sorted(set(words))
    assert all(len(row) == 3 and row[1] and row[2] for row in cells)


@each_row("path", PRESENT, ids=lambda path: str(path.relative_to(stack.PROJECT)))
def test_no_page_uses_a_phrase_of_the_stop_list(path: Path) -> None:
    text = path.read_text()
    if path.name == "tour.md":  # the transcript is a quotation
        text = FENCED.sub("", text)

    assert [found[0] for found in STOP_LIST.finditer(" ".join(text.split()))] == []


def test_every_module_that_is_named_exists() -> None:
    layer = stack.PROJECT / "layers/core/guestkey"
    named = {
        word for path in PRESENT for word in code(path.read_text()) if re.fullmatch(r"(rules|store|edge)/[\w/.]+", word)
    }

    assert len(named) > 20
    assert {name for name in named if not any((layer / (name + end)).exists() for end in ("", ".py"))} == set()


# ------------------------------------------------------------------ all pages


def anchors(path: Path) -> set[str]:
    """Return the fragments of a page's headings, built by GitHub's rules."""
    titles = re.findall(r"^#+ (.*)$", FENCED.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@each_row("path", PAGES, ids=lambda path: str(path.relative_to(stack.PROJECT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if link.startswith("https://"):
            continue
        name, _, fragment = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert target.is_relative_to(stack.PROJECT), link
        if fragment:
            assert fragment in anchors(target), link


@each_row("path", PAGES, ids=lambda path: str(path.relative_to(stack.PROJECT)))
def test_every_command_of_make_that_is_named_exists(path: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (stack.PROJECT / "Makefile").read_text(), re.MULTILINE)
    text = path.read_text()
    commands = "\n".join([*blocks(text, "", "sh"), *code(text)])

    assert set(re.findall(r"\bmake ([a-z-]+)", commands)) <= set(targets)


@each_row("path", [*PAGES, *DOCS.glob("*.svg")], ids=lambda path: str(path.relative_to(stack.PROJECT)))
def test_nothing_names_a_folder_of_somebodys_machine_or_a_package_registry(path: Path) -> None:
    text = path.read_text()

    assert not re.findall(r"(?<![\w./$])/(?:work|home|root|tmp|Users)/\S*", text)
    assert not re.findall(r"\b\S*(?:py[p]i|python[h]osted|npm[j]s)\.(?:org|com|io)\b", text)
    assert not re.findall(r"\bspec(?:ification)?(?:\.md)? section\b|\.\./shared", text)


@each_row("path", PAGES, ids=lambda path: str(path.relative_to(stack.PROJECT)))
def test_every_line_of_text_fits_on_a_screen(path: Path) -> None:
    assert [line for line in path.read_text().splitlines() if len(line) > 120 and not line.startswith("|")] == []
