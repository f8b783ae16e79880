"""Whether a run of pytest includes every test of the functions, so that an unused permission is a finding."""

from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parent / "functions"
NOT_SLOW = ("", "not slow")
"""The slow tests of the functions use no permission that the others do not."""


def ran_all_of_the_functions(config: pytest.Config) -> bool:
    """Say whether no option of the command line left a test of the functions out."""
    option = config.option
    is_narrowed = option.keyword or option.collectonly or option.deselect or getattr(option, "lf", False)
    named = [config.invocation_params.dir / argument for argument in config.args]
    return (
        not is_narrowed
        and option.markexpr in NOT_SLOW
        and any(FUNCTIONS.is_relative_to(path) for path in named)
        and not any(FUNCTIONS.is_relative_to(path) or Path(path).is_relative_to(FUNCTIONS) for path in _ignored(config))
    )


def _ignored(config: pytest.Config) -> list[Path]:
    return [config.invocation_params.dir / path for path in config.option.ignore or ()]
