"""How a sandbox is set up; what can change while it runs is in `faults`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_DEFAULT_PAGE = 100
_CAPTURED_PAGES = {"getsummary": 300}
"""Page sizes seen in recorded replies; Withings publishes none."""


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Everything that is fixed for the life of a sandbox."""

    client_id: str = "sandbox"
    client_secret: str = "sandbox-secret"  # noqa: S105 a pretend cloud has a pretend secret
    seed: int = 1
    days: int = 365
    """How many days of history each seeded person has; 0 gives them only what they typed in at sign-up."""
    people: int = 1
    auto_approve: bool = False
    """Skip the consent page."""
    state_path: Path | None = None
    """SQLite file that keeps the world over restarts; None keeps it in memory."""
    quota_per_minute: int = 120
    """Calls of all users together in any 60 seconds; 0 is unlimited."""
    page_size: int | None = None
    """Rows per page of every service, save those named in ``page_sizes``. Left alone, it is 100, and
    getsummary has its captured 300."""
    page_sizes: Mapping[str, int] = field(default_factory=dict)
    """Rows per page by action, as in ``{"getmeas": 5}``."""
    redirect_uris: tuple[str, ...] = ()
    """The only redirect URIs the authorize page accepts; empty accepts any http(s) URL."""
    control_hosts: tuple[str, ...] = ()
    """Host names besides the loopback ones under which ``/sandbox`` is served."""

    def rows_per_page(self, action: str) -> int:
        """How many rows one reply of this action holds at most."""
        if action in self.page_sizes:
            return self.page_sizes[action]
        if self.page_size is not None:
            return self.page_size
        return _CAPTURED_PAGES.get(action, _DEFAULT_PAGE)
