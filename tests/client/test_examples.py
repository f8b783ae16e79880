"""The examples of docs/integrating/backend.md let support in only under a live grant. Functions run on moto."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import time_machine

from guestkey_client import Entry
from tests import factories, http_server, product
from tests.personas import DORA, SVEN
from tests.product import Get
from tests.rows_and_columns import each_row

pytestmark = pytest.mark.usefixtures("world")


def with_django_and_its_middleware(url: str, token: str) -> AbstractContextManager[Get]:
    return product.with_django(url, token, "product.guard_entry")


@pytest.fixture(params=[product.with_fastapi, product.with_django, with_django_and_its_middleware])
def get(request: pytest.FixtureRequest, world: time_machine.Traveller) -> Iterator[Get]:
    serve: Callable[[str, str], AbstractContextManager[Get]] = request.param
    with http_server.for_the_backend() as url, serve(url, "a-token") as get:
        yield get


def by(agent_id: str = SVEN.id, *, tenant_id: str = "acme", login_id: str | None = None) -> Entry:
    return Entry(tenant_id=tenant_id, agent_id=agent_id, login_id=login_id)


def refused(answer: tuple[int, bytes]) -> str:
    status, body = answer
    assert status == 403
    reason: str = json.loads(body)["reason"]
    return reason


def test_a_request_of_the_customers_own_user_causes_no_check(get: Get) -> None:
    assert get("/invoices", None) == (200, b"[4711]")
    assert get("/invoices.csv", None)[0] == 200


def test_sven_is_denied_with_the_first_request_after_anna_revokes(get: Get) -> None:
    grant = factories.grant()
    sven = by(login_id=factories.login().login_id)
    assert get("/invoices", sven)[0] == 200

    factories.revoked(grant)
    assert refused(get("/invoices", sven)) == "no_live_grant"
    assert get("/invoices", None)[0] == 200


def test_sven_exports_only_where_export_was_granted(get: Get) -> None:
    factories.grant()
    sven = by(login_id=factories.login().login_id)
    assert refused(get("/invoices.csv", sven)) == "export_not_granted"

    factories.grant(may_export=True)
    assert get("/invoices.csv", sven) == (200, b"number\r\n4711\r\n")


def test_without_a_record_there_is_no_entry(get: Get) -> None:
    factories.grant()

    assert refused(get("/invoices", by())) == "no_login"


def test_the_login_of_another_agent_or_customer_gives_no_access(get: Get) -> None:
    factories.grant()
    factories.grant(DORA)
    login_id = factories.login().login_id

    assert refused(get("/invoices", by("dora", login_id=login_id))) == "no_login"
    assert refused(get("/invoices", by(tenant_id="globex", login_id=login_id))) == "no_live_grant"


@each_row("serve", [product.with_fastapi, product.with_django])
def test_support_is_denied_if_guestkey_is_unreachable(
    serve: Callable[[str, str], AbstractContextManager[Get]],
) -> None:
    with http_server.for_the_backend() as url:
        pass  # no server listens at this address any more
    with serve(url, "a-token") as get:
        assert refused(get("/invoices", by(login_id="01M82571EDCFM4K6RX6ZY8DPWP"))) == "unavailable"
        assert get("/invoices", None)[0] == 200
