"""Replaces the slow parts of moto that parse and check expressions. `tests/moto_speed.py` installs them.

moto parses each condition of a transaction three times and each update twice, compiles six patterns for each token, and
checks an update in ten walks through its syntax tree, three of which look at the same names for every item. All of this
took 40 % of the time of a test of a function.
"""

import copy
import pickle
from collections import deque
from collections.abc import Callable
from functools import cache
from typing import Any

from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import (  # type: ignore[attr-defined] # moto excludes it from checks
    DepthFirstTraverser,
    Node,
    UpdateExpression,
)
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined] # as above
from moto.dynamodb.parsing.validators import (
    ActionCountValidator,
    OverlappingPathsValidator,
    UpdateExpressionValidator,
    UpdateHashRangeKeyValidator,
)

ALWAYS_ALIKE = ActionCountValidator, OverlappingPathsValidator, UpdateHashRangeKeyValidator
"""Walks that depend on an expression, its names and the table's keys only, not on values or the item."""
MAX_CONDITIONS = 256


def install() -> None:
    """Replace the slow parts in this process."""
    setattr(ConditionExpressionParser, "parse", _parse)  # noqa: B010 # mypy allows no assignment to a method
    setattr(ConditionExpressionParser, "_lex_condition_expression", lambda self: deque(_lexed(self)))  # noqa: B010 # as above
    setattr(UpdateExpressionParser, "make", cache(UpdateExpressionParser.make))  # noqa: B010 # as above
    vars(validators)["deepcopy"] = _deepcopy
    setattr(UpdateExpressionValidator, "validate", _validate)  # noqa: B010 # as above
    setattr(DepthFirstTraverser, "traverse", _traverse)  # noqa: B010 # as above


# --- Conditions ------------------------------------------------------------------------------------------------------

_slowly = ConditionExpressionParser.parse
_slowly_lexed = ConditionExpressionParser._lex_condition_expression
_tokens: dict[str | None, tuple[Any, ...]] = {}
_parsed: dict[tuple[str, int, int], tuple[Any, Any, Any, tuple[str, ...], tuple[str, ...]]] = {}


def _lexed(self: ConditionExpressionParser) -> tuple[Any, ...]:
    """Return the tokens of a condition, which do not depend on its names and values."""
    if self.condition_expression not in _tokens:
        _tokens[self.condition_expression] = tuple(_slowly_lexed(self))
    return _tokens[self.condition_expression]


def _parse(self: ConditionExpressionParser) -> Any:
    """Return the parsed condition; the same one if it is parsed again with the same objects for names and values.

    The entry holds these objects, so that no other ones can have their identity.
    """
    if not self.condition_expression:
        return _slowly(self)
    names, values = self.expression_attribute_names, self.expression_attribute_values
    key = self.condition_expression, id(names), id(values)
    if found := _parsed.get(key):
        *_, operation, names_found, values_found = found
        self.expr_attr_names_found.extend(names_found)
        self.expr_attr_values_found.extend(values_found)
        return operation
    operation = _slowly(self)
    if len(_parsed) >= MAX_CONDITIONS:
        _parsed.clear()
    used = tuple(self.expr_attr_names_found), tuple(self.expr_attr_values_found)
    _parsed[key] = names, values, operation, *used
    return operation


# --- Updates ---------------------------------------------------------------------------------------------------------

_passed: set[tuple[Any, ...]] = set()
_is_node: Callable[[type], bool] = cache(lambda kind: issubclass(kind, Node))


@cache
def _pickled(tree: Node) -> bytes:
    return pickle.dumps(tree)


def _deepcopy(thing: Any) -> Any:
    """Copy the syntax tree of an update, which is parsed once and stays, from its pickled form."""
    if not isinstance(thing, UpdateExpression):
        return copy.deepcopy(thing)
    tree = pickle.loads(_pickled(thing))
    tree.parsed = thing
    return tree


def _validate(self: UpdateExpressionValidator) -> Node:
    """Walk through the tree; leave out the walks that have passed for the same expression, names and keys."""
    tree = self.node_to_validate
    names = tuple((self.expression_attribute_names or {}).items())
    same = vars(tree)["parsed"], names, tuple(self.table.table_key_attrs)
    has_passed = same in _passed
    for walk in self.processors:
        if not (has_passed and isinstance(walk, ALWAYS_ALIKE)):
            tree = walk.traverse(tree)
    _passed.add(same)
    return tree


def _traverse(self: DepthFirstTraverser, root: Node) -> Node:
    """Visit all nodes, children first; each class of nodes finds its processor once."""
    processors = self._processing_map()
    found: dict[type, Callable[[Node], Node] | None] = {}
    has_hook = type(self).pre_processing_of_child is not DepthFirstTraverser.pre_processing_of_child

    def visit(node: Node, number: int) -> Node:
        parent = node.parent
        for index, child in enumerate(node.children or ()):
            if has_hook:
                self.pre_processing_of_child(node, index)
            if _is_node(type(child)):
                visit(child, index)
        kind = type(node)
        if kind not in found:
            found[kind] = next((process for of, process in processors.items() if issubclass(kind, of)), None)
        if process := found[kind]:
            node = process(node)
            node.parent = parent
            if parent:
                parent.children[number] = node
        return node

    return visit(root, -1)
