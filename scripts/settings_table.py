"""Writes the settings into docs/configuration.md, .env.example and render.yaml, from ``Settings``.

``python scripts/settings_table.py``; with ``--check`` it writes nothing and ends with 1 where they differ.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from withings_bridge.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- settings:begin -->", "<!-- settings:end -->"

RENDER_BEGIN, RENDER_END = "      # settings:begin", "      # settings:end"
ON_RENDER = {"ENVIRONMENT": "production", "STORAGE": "dynamodb", "FRONTEND_URL": ""}
"""What differs from the default there; empty: it is asked for."""
NOT_ON_RENDER = frozenset(
    {
        "PORT",  # Render's own
        "HOST",  # the image's
        "SQLITE_PATH",
        "AWS_DYNAMODB_ENDPOINT",
        "ALLOW_UNAUTHENTICATED",
        "COGNITO_USER_ID",
        "WITHINGS_SYNC_USER_ID",
    }
)
"""What is for a laptop, or for an engine that Render does not have."""

HEAD = """\
# Every variable that the bridge reads, with its default.
# Copy this file to .env and uncomment what is to differ.
# Written by `make settings` from src/withings_bridge/settings.
"""


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable, as people are told of it."""

    name: str
    group: str
    description: str
    default: str
    """As it is written in the environment; empty where there is none."""
    example: str
    """Empty where the default is example enough, and for secrets: a published one is none."""


def variables() -> list[Variable]:
    """All of them, in the order of ``Settings``."""
    found = []
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra
        more = extra if isinstance(extra, dict) else {}
        default = written(field.get_default())
        secret = isinstance(field.get_default(), SecretStr)
        found.append(
            Variable(
                name=name.upper(),
                group=str(more["group"]),
                description=str(field.description),
                default=default,
                example="" if default or secret else str(more["example"]),
            )
        )
    return found


def written(value: Any) -> str:
    """A value as the environment spells it."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)


def table() -> str:
    """The table, a part for each group."""
    return "\n".join(_table_lines())


def env_example() -> str:
    """The whole of .env.example."""
    return HEAD + "".join(f"{line}\n" for line in _example_lines())


def in_page(page: str) -> str:
    """The page with the table of now between its markers; ValueError when it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"docs/configuration.md lacks the markers {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def in_render(blueprint: str) -> str:
    """The blueprint with the settings of now between its markers: asked for once where they are secret, or
    have no default.
    """
    before, begin, rest = blueprint.partition(RENDER_BEGIN)
    title, _, rest = rest.partition("\n")
    _, end, after = rest.partition(RENDER_END)
    if not (begin and end):
        raise ValueError(f"render.yaml lacks the markers {RENDER_BEGIN} and {RENDER_END}")
    lines = "".join(f"{line}\n" for line in _render_lines())
    return f"{before}{begin}{title}\n{lines}{end}{after}"


def main() -> int:
    """Write or check; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, complain of differences")
    check = parser.parse_args().check
    texts: dict[str, Callable[[str], str]] = {
        ".env.example": lambda _: env_example(),
        "docs/configuration.md": in_page,
        "render.yaml": in_render,
    }
    stale = []
    for name, text in texts.items():
        path = ROOT / name
        before = path.read_text() if path.exists() else ""
        after = text(before)
        if after != before:
            stale.append(name)
            if not check:
                path.write_text(after)
    if stale:
        print(f"{'differs from Settings' if check else 'written'}: {', '.join(stale)}")
    return 1 if check and stale else 0


def _groups() -> Iterator[tuple[str, list[Variable]]]:
    for group, members in groupby(variables(), key=lambda variable: variable.group):
        yield group, list(members)


def _table_lines() -> Iterator[str]:
    for group, members in _groups():
        yield from ("", f"**{group}**", "", "| Variable | Default | Meaning |", "| --- | --- | --- |")
        for variable in members:
            default = f"`{variable.default}`" if variable.default else ""
            example = f" For example `{variable.example}`." if variable.example else ""
            yield f"| `{variable.name}` | {default} | {variable.description}{example} |"
    yield ""


def _example_lines() -> Iterator[str]:
    for group, members in _groups():
        yield from ("", f"# --- {group} ---")
        for variable in members:
            yield from ("", f"# {variable.description}")
            if variable.example:
                yield f"# For example {variable.name}={variable.example}"
            yield f"#{variable.name}={variable.default}"


def _render_lines() -> Iterator[str]:
    for variable in variables():
        if variable.name in NOT_ON_RENDER:
            continue
        yield f"      - key: {variable.name}"
        value = ON_RENDER.get(variable.name, variable.default)
        yield f'        value: "{value}"' if value else "        sync: false"


if __name__ == "__main__":
    sys.exit(main())
