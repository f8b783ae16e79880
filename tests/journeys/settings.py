"""Settings of deployed functions, changed for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.journeys.world import World


@contextmanager
def changed_setting(world: World, logical_id: str, name: str, value: str) -> Iterator[None]:
    """Give a function of the template another environment variable, and restore its settings afterwards."""
    function = world.function(logical_id)
    variables = world.lambda_.get_function_configuration(FunctionName=function)["Environment"]["Variables"]

    def configure(variables: dict[str, str]) -> None:
        world.lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
        world.lambda_.get_waiter("function_updated_v2").wait(FunctionName=function)

    try:
        configure(variables | {name: value})
        yield
    finally:
        configure(variables)
