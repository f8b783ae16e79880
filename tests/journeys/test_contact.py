"""The public contact information on the running stack: without a token, from the vendor's desk and from cleanup."""

from datetime import UTC, datetime

import pytest

from tests.journeys.calls import success
from tests.journeys.world import World


@pytest.mark.parametrize("country", ["CH", "IT"])
def test_the_contact_needs_no_token_and_ignores_one(world: World, country: str) -> None:
    answer = success(world.anonymous.get(f"/v1/contact?country={country}&minutes=6"))

    assert answer["country"] == country
    assert set(answer["support"]) == {"phone", "email", "hours", "open_now", "opens_at"}
    assert answer["emergency"]["phone"] == ("+41 31 511 27 92" if country == "CH" else None)
    assert answer["emergency"].get("cost") == ({"amount": "11.90", "currency": "EUR"} if country == "CH" else None)
    for header in ("Bearer nonsense", "Basic eDp5"):
        answer_with_header = world.anonymous.get(f"/v1/contact?country={country}", headers={"Authorization": header})
        assert answer_with_header.status_code == 200
        assert answer_with_header.headers["cache-control"] == "public, max-age=60"


def test_an_invalid_country_is_refused(world: World) -> None:
    answer = world.anonymous.get("/v1/contact?country=Schweiz")

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
