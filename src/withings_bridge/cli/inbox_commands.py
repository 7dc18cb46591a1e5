"""The commands about stuck work and their options; what they do is in ``inbox``."""

from typing import Annotated

import typer

from withings_bridge.cli.completing import users
from withings_bridge.cli.teaching import examples, taught
from withings_bridge.domain.categories import Category
from withings_bridge.domain.entries import Part

inbox = typer.Typer(
    name="inbox",
    help="Look at work that is stuck, replay it, or let it go.",
    epilog=examples("withings-bridge inbox list", "withings-bridge inbox replay --all"),
    no_args_is_help=True,
)

Named = Annotated[
    str,
    typer.Argument(
        metavar="ACCOUNT_OR_USER", help="Withings' id, or a user's Cognito id.", autocompletion=users
    ),
]
Categories = Annotated[
    list[Category] | None,
    typer.Option("--category", help="Only this one; may be given several times.", show_default=False),
]
OnePart = Annotated[
    Part | None, typer.Option("--part", help="Only live work, or only the import.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


@taught(inbox, "withings-bridge inbox list", "withings-bridge inbox list --all --json", name="list")
def list_stuck(
    everything: Annotated[bool, typer.Option("--all", help="Also what merely waits for its turn.")] = False,
    as_json: AsJson = False,
) -> None:
    """List work that is retried or was given up, with the reason, and links that need a new consent."""
    from withings_bridge.cli.inbox import list_inbox

    list_inbox(everything=everything, as_json=as_json)


@taught(inbox, "withings-bridge inbox show demo-user")
def show(named: Named, as_json: AsJson = False) -> None:
    """Show all that is pending in one account."""
    from withings_bridge.cli.inbox import show_inbox

    show_inbox(named, as_json=as_json)


@taught(
    inbox, "withings-bridge inbox replay demo-user --category sleep", "withings-bridge inbox replay --all"
)
def replay(
    named: Annotated[
        str | None,
        typer.Argument(
            metavar="[ACCOUNT_OR_USER]",
            help="Withings' id, or a user's Cognito id.",
            show_default=False,
            autocompletion=users,
        ),
    ] = None,
    category: Categories = None,
    part: OnePart = None,
    everyone: Annotated[bool, typer.Option("--all", help="Of all accounts.")] = False,
) -> None:
    """Try stuck work again now, with the whole schedule of retries before it.

    A bridge that runs on the same store picks it up within seconds.
    """
    from withings_bridge.cli.inbox import replay_all, replay_one

    if (named is None) is not everyone:
        raise typer.BadParameter("name an account or a user, or say --all", param_hint="ACCOUNT_OR_USER")
    if named is None:
        replay_all(category or (), part)
    else:
        replay_one(named, category or (), part)


@taught(inbox, "withings-bridge inbox drop demo-user --category activity --part import")
def drop(
    named: Named,
    category: Annotated[
        list[Category], typer.Option("--category", help="Which; may be given several times.")
    ],
    part: OnePart = None,
) -> None:
    """Let go of stuck work, so that it is stuck no more.

    The next notification brings a category back; of an import, `sync --full` does.
    """
    from withings_bridge.cli.inbox import drop_one

    drop_one(named, category, part)
