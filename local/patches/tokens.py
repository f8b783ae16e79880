"""Patch of API Gateway: the JWT authorizer refuses tokens without an expiry."""

from typing import Any

from local.patches.internals import apigateway


def require_expiry() -> None:
    """Refuse a token without `exp`.

    The JWT authorizer of an HTTP API requires `exp`; 1.5.33 accepts a token without it. Drop the patch when ministack
    requires it.
    """
    validate = apigateway._validate_jwt_authorizer

    async def validate_with_expiry(*args: Any) -> tuple[Any, Any, Any]:
        claims, scopes, refusal = await validate(*args)
        if refusal is None and "exp" not in claims:
            return None, None, apigateway._jwt_unauthorized()
        return claims, scopes, refusal

    apigateway._validate_jwt_authorizer = validate_with_expiry
