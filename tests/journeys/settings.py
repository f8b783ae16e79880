"""Settings of deployed functions, changed for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.journeys.world import World


@contextmanager
def changed_setting(world: World, logical_id: str, name: str, value: str) -> Iterator[None]:
    """Give a function of the template another environment variable, and restore its settings afterwards.

    An alias of the function leads to a version with the new settings meanwhile.
    """
    function = world.function(logical_id)
    variables = world.lambda_.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    aliases = world.lambda_.list_aliases(FunctionName=function)["Aliases"]

    def configure(variables: dict[str, str]) -> None:
        world.lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
        world.lambda_.get_waiter("function_updated_v2").wait(FunctionName=function)

    def lead_to(version: str, alias: str) -> None:
        world.lambda_.update_alias(FunctionName=function, Name=alias, FunctionVersion=version)

    try:
        configure(variables | {name: value})
        for alias in aliases:
            lead_to(world.lambda_.publish_version(FunctionName=function)["Version"], alias["Name"])
        yield
    finally:
        for alias in aliases:
            lead_to(alias["FunctionVersion"], alias["Name"])
        configure(variables)
