"""Which Cognito user pool is believed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UserPool:
    """Whose tokens are accepted, and which of their holders are operators."""

    issuer: str
    client_ids: tuple[str, ...]
    """App clients of this bridge's app; tokens for any other are not meant for us."""
    operator_group: str = ""
    """Empty: nobody is an operator by group."""
    operator_scope: str = ""
    """OAuth scope of access tokens. Empty: nobody is an operator by scope."""

    @property
    def keys_url(self) -> str:
        """Where the pool publishes its keys."""
        return f"{self.issuer}/.well-known/jwks.json"
