"""Ids in the shapes that identity providers give to organisations and people, and ids at the limits of the form.

Only the shapes are real. The tests use each of them for a tenant, a user, an agent and a department alike.
"""

from hypothesis import strategies as st

from guestkey.rules.limits import EXTERNAL_ID

SHAPES = {
    "Auth0": ["auth0|507f1f77bcf86cd799439011", "samlp|acme-saml|anna@acme.example", "org_AbCdEf123"],
    "Okta": ["00u1abcDEF234", "0oa1abcDEF234", "anna@acme.example"],
    "Entra ID": ["f8cdef31-a31e-4b4a-93e4-5f571e91255a", "-zcYb3kH_YQ2m1a7x0kPzZ2n9TqC8wLr5uVtS4oE6dI"],
    "Keycloak": ["5f7c8ec7-2b1d-4c39-9d52-0a1e7f6b3c48", "f:5f7c8ec7-2b1d-4c39-9d52-0a1e7f6b3c48:anna"],
    "Clerk": ["user_2abcDEF3ghiJKL4mnoPQR5stuVW", "org_AbCdEf123GhIjKl456MnOpQr789S"],
    "WorkOS": ["user_01HZX5T9M7QK3V8B2N4C6D0FGH", "org_01HZX5T9M7QK3V8B2N4C6D0FGJ"],
    "Cognito": [
        "eu-central-1:5f7c8ec7-2b1d-4c39-9d52-0a1e7f6b3c48",
        "Google_103547991597142817347",
        "anna+1@acme.example",
    ],
    "Firebase": ["Xy12abCDef34GHij56KLmn78OPqr"],
}
"""By provider. Entra ID's second one is a pairwise `sub`, Keycloak's that of a user from another directory."""
AT_THE_LIMITS = ["-", "_", "a:b|c@d+e=f~g.h", "a~", "A~", "a|", "a+", "a=", "x~:|@+=." * 16]


def provider_ids() -> list[str]:
    """Return the ids of all providers."""
    return [id for ids in SHAPES.values() for id in ids]


EXTERNAL = st.from_regex(EXTERNAL_ID, fullmatch=True)
"""Any id that the form allows."""
