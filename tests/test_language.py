"""Plain language: a sentence has a subject that a stranger can search for (CONTRIBUTING.md, Names and texts).

A relative clause without a noun before it is a riddle: "what is due, whoever looks". At most 3 % of all docstrings may
contain one; texts for callers of the API and for operators may not.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from guestkey import errors
from tests import stack

STOP_LIST = re.compile(
    r"\b(whoever|whatever|whichever|nobody|what (is|was|it|they|an?|the)\b|that is\b|who (is|was)\b)", re.IGNORECASE
)
MAX_SHARE = 0.03
FOLDERS = ("layers", "functions", "client", "local", "deploy", "bench", "docs", "tests")
MODULES = sorted(path for folder in FOLDERS for path in (stack.PROJECT / folder).rglob("*.py"))
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstrings(path: Path) -> Iterator[str]:
    """Yield the docstrings of a module: its own, of classes and functions, and those behind an assignment."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node)):
            yield text
        if isinstance(node, ast.Module | ast.ClassDef):
            for before, statement in zip(node.body, node.body[1:], strict=False):
                if isinstance(before, ast.Assign | ast.AnnAssign) and isinstance(statement, ast.Expr):
                    yield ast.literal_eval(statement.value) if isinstance(statement.value, ast.Constant) else ""


def texts_in(node: Any, *names: str) -> Iterator[str]:
    """Yield the texts under these names anywhere in a document."""
    if isinstance(node, list):
        for one in node:
            yield from texts_in(one, *names)
    if isinstance(node, dict):
        for name, value in node.items():
            if name in names and isinstance(value, str):
                yield value
            yield from texts_in(value, *names)


def test_hardly_any_docstring_matches_the_stop_list() -> None:
    texts = [text for path in MODULES for text in docstrings(path)]
    matching = [text for text in texts if STOP_LIST.search(text)]

    assert len(texts) > 1_500
    assert len(matching) <= MAX_SHARE * len(texts), "\n\n".join(matching)


def test_no_text_for_callers_of_the_api_matches_it() -> None:
    document = json.loads((stack.PROJECT / "docs/openapi.json").read_text())
    texts = [*texts_in(document, "title", "description", "summary")]
    texts += [refusal.title for refusal in errors.Refused.__subclasses__()]

    assert len(texts) > 100
    assert [text for text in texts if STOP_LIST.search(text)] == []


def test_no_text_of_the_template_matches_it() -> None:
    texts = [
        *texts_in(stack.template(), "AlarmDescription", "Description", "ConstraintDescription", "AssertDescription")
    ]

    assert len(texts) > 50
    assert [text for text in texts if STOP_LIST.search(text)] == []


def test_no_message_of_the_layer_matches_it() -> None:
    """Details of refusals, log fields, printed words: every string literal that is no docstring."""
    for path in [*(stack.PROJECT / "layers").rglob("*.py"), *(stack.PROJECT / "functions").rglob("*.py")]:
        tree = ast.parse(path.read_text())
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        literals = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
        ]
        assert [text for text in literals if STOP_LIST.search(text)] == [], path.name
