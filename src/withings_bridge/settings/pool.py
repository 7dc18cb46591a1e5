"""What is wrong with a Cognito user pool as it is named: whole, or not at all."""

import re
from collections.abc import Collection, Mapping

_AMAZONS = re.compile(r"(?P<region>[a-z0-9-]+)_[A-Za-z0-9]+")
"""The id of a pool at Amazon, which begins with its region."""


def unnamed_pool(about_it: Mapping[str, object]) -> list[str]:
    """The variables that are set about a pool that is not."""
    return [
        f"{name} is about a user pool, and none is named; set COGNITO_USER_POOL_ID too, or unset {name}"
        for name, value in about_it.items()
        if value
    ]


def named_pool(pool: str, *, region: str, issuer: str, client_ids: Collection[str]) -> list[str]:
    """What keeps this pool's tokens from being accepted."""
    problems = []
    if not client_ids:
        problems.append(
            "COGNITO_CLIENT_IDS: name the app clients of COGNITO_USER_POOL_ID whose tokens are accepted, "
            "for example COGNITO_CLIENT_IDS=7example1client2id3"
        )
    if issuer:
        return problems
    amazons = _AMAZONS.fullmatch(pool)
    if amazons is None:
        problems.append(
            "COGNITO_USER_POOL_ID: must be the id of a pool, for example "
            "COGNITO_USER_POOL_ID=us-east-1_a1B2c3D4e; where it is not Amazon's own, set COGNITO_ISSUER"
        )
    elif amazons["region"] != region:
        problems.append(
            f"COGNITO_USER_POOL_ID: names a pool in {amazons['region']}, but COGNITO_REGION, by default "
            f"AWS_REGION, is {region}; set COGNITO_REGION={amazons['region']}"
        )
    return problems
