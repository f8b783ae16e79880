"""The smoke test compares the deployed API with the template's own routes."""

from deploy import smoke_stack
from tests import stack


def test_the_expected_routes_are_those_of_the_template_with_their_authorizers() -> None:
    assert smoke_stack.expected_routes() == {
        route.key: "NONE" if route.is_public else route.authorizer for route in stack.routes()
    }


def test_each_function_with_a_route_is_expected_to_be_invoked_by_the_api() -> None:
    assert set(smoke_stack.expected_functions()) == {route.function for route in stack.routes()}
