"""Patches that parse an expression or a policy once, because parsing took a fifth of the emulator's time."""

from functools import cache
from typing import Any

from local.patches.internals import dynamodb, iam_evaluator


def parse_expressions_once() -> None:
    """Keep the tokens and the syntax error of each DynamoDB expression.

    1.5.33 parses each expression again for every item. The product has a few dozen expressions; their values are passed
    beside them. Drop the patch when ministack caches the parsed expressions.
    """
    tokenize = dynamodb._tokenize
    tokens_of = cache(lambda expression: tuple(tokenize(expression)))
    dynamodb._tokenize = lambda expression: list(tokens_of(expression))
    dynamodb._condition_syntax_error = cache(dynamodb._condition_syntax_error)


def parse_policies_once() -> None:
    """Keep the statements of each IAM policy stored as text.

    1.5.33 parses the policies of a function's role twice for each of its calls. Drop the patch when ministack caches
    the parsed policies.
    """
    parse = iam_evaluator.parse_policy_document
    parsed = cache(parse)

    def parse_once(document: Any) -> Any:
        return list(parsed(document)) if isinstance(document, str) else parse(document)

    iam_evaluator.parse_policy_document = parse_once
