"""How anyone reaches support, on the running stack: without a token, by what the vendor put and the clean-up wrote."""

from datetime import UTC, datetime

import pytest

from tests.journeys.calls import given
from tests.journeys.world import World


@pytest.mark.parametrize("country", ["CH", "IT"])
def test_anyone_reads_it_without_a_token_and_nobody_looks_at_one(world: World, country: str) -> None:
    answer = given(world.nobody.get(f"/v1/contact?country={country}&minutes=6"))

    assert answer["country"] == country
    assert set(answer["support"]) == {"phone", "email", "hours", "open_now", "opens_at"}
    assert answer["emergency"]["phone"] == ("+41 31 511 27 92" if country == "CH" else None)
    assert answer["emergency"].get("cost") == ({"amount": "11.90", "currency": "EUR"} if country == "CH" else None)
    for header in ("Bearer nonsense", "Basic eDp5"):
        said = world.nobody.get(f"/v1/contact?country={country}", headers={"Authorization": header})
        assert said.status_code == 200
        assert said.headers["cache-control"] == "public, max-age=60"


def test_what_is_no_country_is_refused_as_everywhere(world: World) -> None:
    answer = world.nobody.get("/v1/contact?country=Schweiz")

    assert (answer.status_code, answer.json()["code"]) == (422, "input_invalid")
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_years_holidays_are_written_when_the_sample_world_is_loaded(world: World) -> None:
    found = world.dynamodb.query(
        TableName=world.table,
        KeyConditionExpression="PK = :pk AND begins_with(SK, :closed)",
        ExpressionAttributeValues={":pk": {"S": "DESK"}, ":closed": {"S": "CLOSED#"}},
    )["Items"]

    year = datetime.now(UTC).year
    assert {item["SK"]["S"] for item in found} >= {
        f"CLOSED#{one}{day}" for one in (year, year + 1) for day in ("", "-05-01")
    }
