"""Starts the web function with the settings and files of a test, because it reads them when it starts."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from guestkey import settings

APP = Path(__file__).parent.parent / "functions" / "web" / "app.py"


def started(app: Path = APP, **said: str) -> Any:
    """Return the function's module, loaded with these settings."""
    spec = spec_from_file_location("web_of_a_test", app)
    assert spec and spec.loader
    module = module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patched:
        for name, value in said.items():
            patched.setattr(settings, name, value)
        spec.loader.exec_module(module)
    return module
