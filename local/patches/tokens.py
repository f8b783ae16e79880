"""Tokens that API Gateway would not take."""

from typing import Any

from local.patches.internals import apigateway


def require_an_end() -> None:
    """Refuse a token without `exp`.

    An HTTP API's JWT authorizer wants `exp`; 1.5.33 takes a token without one for ever. Drop it when that changes.
    """
    validate = apigateway._validate_jwt_authorizer

    async def validate_with_end(*args: Any) -> tuple[Any, Any, Any]:
        claims, scopes, refusal = await validate(*args)
        if refusal is None and "exp" not in claims:
            return None, None, apigateway._jwt_unauthorized()
        return claims, scopes, refusal

    apigateway._validate_jwt_authorizer = validate_with_end
