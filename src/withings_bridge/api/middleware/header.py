"""A header of a request."""

from starlette.types import Scope


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of this name, which is in lower case as servers give it; None without one.

    A loop in place of Starlette's ``Headers``: every request passes middlewares that ask for a dozen names,
    and each took more than a microsecond.
    """
    for named, value in scope["headers"]:
        if named == name:
            told: str = value.decode("latin-1")
            return told
    return None
