"""What the pages need to know of the server they stand on; the composition root fills it in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    """This server, as a person would describe it."""

    version: str
    frontend_url: str
    """Where people go when they are done here: the app."""
    redirect_uri: str
    """Where Withings sends people back to; the connect flow lives on its origin alone."""
    sandbox_url: str | None
    """The pretend Withings cloud in use; None with the real one."""
    storage: str
    """The store's name, such as "SQLite"."""
    open: bool
    """Whether no authentication is configured, so that anyone who gets here may see and do everything."""
