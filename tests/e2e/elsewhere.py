"""Commands of the pages that cannot run here, each with the reason and with what is looked at instead."""

import os
import re
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from tempfile import TemporaryDirectory

from botocore import xform_name
from botocore.session import get_session

from documents import ROOT, Command

Check = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Commands that want what a test does not have."""

    pattern: str
    reason: str
    check: Check
    """Fails where the command cannot be right."""


def makes(text: str) -> None:
    """The targets are there."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"\bmake ((?:(?!#|&&)\S+ ?)+)", text)
    words = [word for words in named for word in words.split() if "=" not in word]
    assert words
    assert set(words) <= targets | {".venv/.dev"}, text


def installs(text: str) -> None:
    """What the image is made by, too."""
    options = set(re.findall(r" (--[a-z-]+)", text))
    assert options <= {"--require-hashes", "--no-deps", "--no-build-isolation"}
    if " -r " in text:
        names_files(text)


def names_files(text: str) -> None:
    """Each file of the repository that is named is there."""
    named = re.findall(r"(?<![\w./-])(?:benchmarks|scripts|infrastructure|requirements)[\w./-]*\.?\w+", text)
    assert named, text
    for path in named:
        assert (ROOT / path).exists(), path


def is_known_to_aws(text: str) -> None:
    """The operation is in AWS' own model, and takes these options; the template has these parameters."""
    _, service, operation, *rest = shlex.split(text.replace("\\\n", " "), comments=True)
    options = {word.removeprefix("--") for word in rest if word.startswith("--")} - {"query"}
    if (service, operation) == ("cloudformation", "deploy"):  # the tool's own, made of several
        assert options == {"template-file", "stack-name", "capabilities", "parameter-overrides"}
        names_files(text)
        template = (ROOT / "infrastructure/tables.yaml").read_text()
        for name in re.findall(r"(\w+)=", text):
            assert re.search(rf"^  {name}:", template, re.MULTILINE), name
        return
    if operation == "wait":
        waiters = get_session().get_waiter_model(service)
        assert rest[0] in {xform_name(name, "-") for name in waiters.waiter_names}
        return
    model = get_session().get_service_model(service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(operations[operation]).input_shape
    known = {xform_name(member, "-") for member in shape.members} if shape else set()
    assert options <= known, options - known


def docker_knows(text: str) -> None:
    """These subcommands and options; what is asked of the image is what the program can do."""
    words = shlex.split(text.replace("\\\n", " "), comments=True)
    options = {word for word in words if word.startswith("--")}
    assert words[1] in DOCKER
    assert options <= DOCKER[words[1]], options
    if words[1] == "exec" and words[3] == "python":
        compile(words[5], "the page", "exec")


def rehearses(text: str) -> None:
    """On a repository of its own, which has a commit, a tag and somewhere to push to."""
    with TemporaryDirectory() as folder:
        set_up = """
            git init --quiet --bare origin && git init --quiet --initial-branch main work && cd work
            git config user.name reader && git config user.email reader@example.org
            git remote add origin ../origin
            touch a && git add a && git commit --quiet --message first
            git push --quiet --set-upstream origin main && echo b > a
        """
        tag = "" if " tag " in text else "git tag v1.2.3 &&"
        subprocess.run(  # noqa: S603 - a line of our own pages
            ["bash", "-ec", f"{set_up}\n{tag} {text}"],  # noqa: S607 - whichever is there
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": folder},
            check=True,
            capture_output=True,
            timeout=30,
        )


DOCKER = {
    "build": {"--tag"},
    "compose": {"--build"},
    "cp": set(),
    "exec": set(),
    "logs": set(),
    "run": {
        *("--detach", "--env-file", "--name", "--publish", "--read-only", "--restart", "--rm", "--tmpfs"),
        *("--version", "--volume"),
    },
}

ELSEWHERE = (
    Elsewhere(r"^python3 -m venv|^\.venv/bin/pip install", "it fetches packages", installs),
    Elsewhere(r"\bmake [a-z]", "it sets up a whole environment, or takes its time", makes),
    Elsewhere(r"^\.venv/bin/python benchmarks/", "it takes minutes", names_files),
    Elsewhere(r"^aws ", "it wants an account at AWS", is_known_to_aws),
    Elsewhere(r"^docker ", "it wants Docker", docker_knows),
    Elsewhere(r"^git ", "it changes the repository", rehearses),
)


def elsewhere(command: Command) -> Elsewhere | None:
    """Why a command does not run here; None where it does."""
    return next((each for each in ELSEWHERE if re.search(each.pattern, command.text)), None)
