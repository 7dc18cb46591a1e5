"""Every command of every page is run as it stands there, beside one bridge and its sandbox.

What cannot run here is in a table of its own, with the reason and a weaker check: no line escapes.
"""

import re
import shutil
from collections.abc import Iterator

import pytest

from documents import PAGES, Command, commands_of
from e2e.elsewhere import ELSEWHERE, Elsewhere, elsewhere
from e2e.reader import PROGRAMS, Reader, a_reader

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
"""A page has up to a hundred commands, each a process or some."""

WITH_COMMANDS = [page for page in PAGES if commands_of(page)]

MAY_FIND_SOMETHING = r"withings-bridge explain"
"""What ends with 1 where something is missing on that day."""

SERVES = r"withings-bridge serve|withings-bridge sandbox( --|$|  )"
"""What runs until it is told to stop."""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        pytest.skip(f"the pages want {', '.join(missing)}")
    with a_reader(tmp_path_factory.mktemp("reader")) as reader:
        yield reader


class TestEveryCommand:
    @pytest.mark.parametrize("page", WITH_COMMANDS)
    def test_does_what_the_page_says(self, reader: Reader, page: str) -> None:
        reader.opens_a_page()
        problems = [problem for command in commands_of(page) if (problem := tried(reader, command))]
        assert not problems, "\n\n".join(problems)


class TestTheTable:
    @pytest.mark.parametrize("known", ELSEWHERE, ids=lambda known: known.reason)
    def test_has_nothing_that_no_page_wants(self, known: Elsewhere) -> None:
        commands = [command for page in WITH_COMMANDS for command in commands_of(page)]
        assert any(elsewhere(command) is known for command in commands)


def tried(reader: Reader, command: Command) -> str:
    """What went wrong; empty where all went well."""
    if (known := elsewhere(command)) is not None:
        known.check(command.text)
        return ""
    if reader.has_tried(command):
        return ""
    if re.search(SERVES, command.text):
        ended = reader.starts(command)
    elif "--follow" in command.text:
        ended = reader.follows(command)
    else:
        ended = reader.types(command)
    right = {0, 1} if re.search(MAY_FIND_SOMETHING, command.text) else {0}
    return "" if ended.code in right else f"{command}\nended with {ended.code}:\n{ended.said[-2000:]}"
