"""What is written for people: the pages, their links, their headings, and the commands in them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

PAGES = sorted(
    str(page.relative_to(ROOT))
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "infrastructure/**/*.md")
    for page in ROOT.glob(pattern)
)
"""Every page, from the root of the repository."""

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|\b(?:src|srcset)=\"([^\"]+)\"")
HEADING = re.compile(r"^#{1,6} (.+?)\s*$", re.MULTILINE)
ASSIGNMENT = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$")


@dataclass(frozen=True, slots=True)
class Command:
    """What a reader would copy into a shell: a line, with those that it goes on over."""

    page: str
    text: str

    @property
    def assignment(self) -> tuple[str, str] | None:
        """Name and value where it says no more than what a variable is."""
        words = shlex.split(self.text, comments=True)
        found = ASSIGNMENT.match(words[0]) if len(words) == 1 else None
        return (found[1], found[2]) if found else None

    @property
    def said(self) -> str:
        """It without a comment, in one spelling."""
        return shlex.join(shlex.split(self.text, comments=True))

    def __str__(self) -> str:
        return f"{self.page}: {self.text}"


def text_of(page: str) -> str:
    """The page as it is."""
    return (ROOT / page).read_text()


def commands_of(page: str) -> list[Command]:
    """The commands in the page's blocks of ``sh``, in their order."""
    return [command for block in blocks_of(page, "sh") for command in commands_in(page, block)]


def commands_in(page: str, block: str) -> list[Command]:
    """The commands of a single block."""
    return [Command(page, text) for text in _whole(block)]


def blocks_of(page: str, language: str) -> list[str]:
    """The page's blocks of code in a language."""
    return [block for _, said, block in FENCE.findall(text_of(page)) if said == language]


def links_of(page: str) -> list[str]:
    """Where the page leads to, within the repository, pictures included: a path, an anchor or both."""
    links = [written or drawn for written, drawn in LINK.findall(FENCE.sub("", text_of(page)))]
    return [link for link in links if not re.match(r"[a-z]+:", link)]


def anchors_of(page: str) -> set[str]:
    """What a link to a part of the page may say: its headings as GitHub spells them."""
    anchors: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text_of(page))):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        twin = 0
        while (name := f"{anchor}-{twin}" if twin else anchor) in anchors:
            twin += 1
        anchors.add(name)
    return anchors


def _whole(block: str) -> Iterator[str]:
    """Commands, put together from lines that end within quotes or with a backslash."""
    gathered = ""
    for line in block.splitlines():
        gathered += f"\n{line}" if gathered else line.strip()
        if gathered.endswith("\\"):
            continue
        try:
            words = shlex.split(gathered, comments=True)
        except ValueError:  # a quotation goes on
            continue
        if words:
            yield gathered
        gathered = ""
    assert not gathered, f"a command without an end: {gathered}"
