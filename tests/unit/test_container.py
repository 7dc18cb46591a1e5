"""The image, the blueprint and the compose file say what is so: held against the code that they run."""

import importlib
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from withings_bridge.callers import ApiKey, Scope
from withings_bridge.settings import Settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SETTINGS = {name.upper(): field for name, field in Settings.model_fields.items()}
SECRETS = {name for name, field in SETTINGS.items() if isinstance(field.get_default(), SecretStr)}

ASKED_FOR = {
    "WITHINGS_CLIENT_ID": "an-application",
    "WITHINGS_CLIENT_SECRET": "a-secret",
    "WITHINGS_REDIRECT_URI": "https://bridge.example.org/callback",
    "WITHINGS_WEBHOOK_URL": "https://bridge.example.org/webhook/withings",
    "WITHINGS_WEBHOOK_SECRET": "another-secret-of-some-length-0123456789",
    "FRONTEND_URL": "https://app.example.org/vitals",
    "ALLOWED_ORIGINS": "https://app.example.org",
    "API_KEYS": str(ApiKey.made("operator", Scope.ADMIN)[1]),
}
"""What whoever deploys is asked for, and nobody else can know."""

yaml: Any = importlib.import_module("yaml")  # which brings no types


def instructions(name: str) -> list[str]:
    """The arguments of an instruction of the Dockerfile, each time it stands there."""
    whole = DOCKERFILE.replace("\\\n", " ")
    return [line.partition(" ")[2] for line in whole.splitlines() if line.startswith(f"{name} ")]


def environment() -> dict[str, str]:
    """What the image sets."""
    pairs = [pair.partition("=") for line in instructions("ENV") for pair in line.split()]
    return {name: value for name, _, value in pairs}


def lowered(variables: dict[str, str]) -> dict[str, Any]:
    """Variables as the fields of ``Settings`` are called."""
    return {name.lower(): value for name, value in variables.items()}


@pytest.fixture(scope="module")
def blueprint() -> dict[str, Any]:
    """The web service of render.yaml."""
    (service,) = yaml.safe_load((ROOT / "render.yaml").read_text())["services"]
    found: dict[str, Any] = service
    return found


class TestTheImage:
    def test_is_made_of_files_that_there_are_and_that_docker_is_given(self) -> None:
        given = (ROOT / ".dockerignore").read_text().splitlines()
        sources = [
            source
            for line in instructions("COPY")
            if not line.startswith("--from")
            for source in line.split()[:-1]
        ]
        assert "src" in sources
        for source in sources:
            assert (ROOT / source).exists()
            assert f"!{source}" in given

    def test_sets_variables_that_the_bridge_reads_to_values_that_it_takes(self) -> None:
        own = {name: value for name, value in environment().items() if name in SETTINGS}
        assert set(own) == {"ENVIRONMENT", "HOST", "SQLITE_PATH"}
        read = Settings(_env_file=None, **lowered(ASKED_FOR | own))
        assert str(read.sqlite_path).startswith("/data/")

    def test_may_be_made_with_any_lock_that_it_is_given(self) -> None:
        (argument,) = instructions("ARG")
        name, _, default = argument.partition("=")
        assert (name, default) == ("LOCK", "requirements.lock")
        assert any(f'-r "${{{name}}}"' in line for line in instructions("RUN"))
        (copied,) = [line.split()[:-1] for line in instructions("COPY") if default in line]
        assert copied == ["requirements.lock", "requirements-otel.lock"]
        assert "opentelemetry-sdk==" in (ROOT / copied[1]).read_text()

    def test_installs_nothing_that_is_not_pinned(self) -> None:
        commands = [command for line in instructions("RUN") for command in line.split("&&")]
        installs = [command for command in commands if " pip " in command]
        assert len(installs) == 4
        assert all("--require-hashes" in command or "--no-deps" in command for command in installs)

    def test_keeps_of_aws_what_the_bridge_asks(self, tmp_path: Path) -> None:
        data = tmp_path / "lib/python3.11/site-packages/botocore/data"
        resources = tmp_path / "lib/python3.11/site-packages/boto3/data"
        for service in ("dynamodb", "sts", "ec2"):
            (data / service).mkdir(parents=True)
        for service in ("dynamodb", "s3"):
            (resources / service).mkdir(parents=True)
        (data / "endpoints.json").touch()
        subprocess.run([ROOT / "scripts/slim", tmp_path], check=True)  # noqa: S603 - our own script
        assert {path.name for path in data.iterdir()} == {"dynamodb", "sts", "endpoints.json"}
        assert {path.name for path in resources.iterdir()} == {"dynamodb"}

    def test_runs_as_nobody_in_particular(self) -> None:
        assert instructions("USER") == ["10001"]

    def test_hears_signals_itself(self) -> None:
        assert instructions("ENTRYPOINT") == ['["withings-bridge"]'], "the exec form, without a shell"
        assert instructions("CMD") == ['["serve"]']

    def test_is_asked_for_its_health_at_the_port_that_it_was_given(self) -> None:
        (check,) = instructions("HEALTHCHECK")
        assert "/health" in check
        assert 'os.environ.get(\\"PORT\\", 5001)' in check


class TestTheBlueprint:
    def test_names_every_setting_and_none_that_there_is_not(self, blueprint: dict[str, Any]) -> None:
        named = {variable["key"] for variable in blueprint["envVars"]}
        left_out = {"PORT", "HOST", "SQLITE_PATH", "AWS_DYNAMODB_ENDPOINT", "ALLOW_UNAUTHENTICATED"}
        left_out |= {"COGNITO_USER_ID", "WITHINGS_SYNC_USER_ID"}
        assert named - set(SETTINGS) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
        assert set(SETTINGS) - named == left_out

    def test_holds_no_secret(self, blueprint: dict[str, Any]) -> None:
        variables = {variable["key"]: variable for variable in blueprint["envVars"]}
        assert SECRETS
        for secret in {*SECRETS, "AWS_SECRET_ACCESS_KEY"}:
            assert variables[secret] == {"key": secret, "sync": False}

    def test_gives_values_that_the_bridge_takes(self, blueprint: dict[str, Any]) -> None:
        given = {each["key"]: each["value"] for each in blueprint["envVars"] if "value" in each}
        assert not set(given) & set(ASKED_FOR)
        read = Settings(_env_file=None, **lowered(ASKED_FOR | given))
        assert (read.environment, read.storage) == ("production", "dynamodb")

    def test_waits_longer_than_the_bridge_takes_to_stop(self, blueprint: dict[str, Any]) -> None:
        assert blueprint["maxShutdownDelaySeconds"] > SETTINGS["SHUTDOWN_GRACE_SECONDS"].default


class TestCompose:
    def test_sets_variables_that_the_bridge_reads(self) -> None:
        services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
        given = services["bridge"]["environment"]
        assert set(given) - set(SETTINGS) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
        own = {name: value for name, value in given.items() if name in SETTINGS}
        assert Settings(_env_file=None, **lowered(own)).loopback_only

    def test_reaches_the_engine_where_it_listens(self) -> None:
        services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
        endpoint = services["bridge"]["environment"]["AWS_DYNAMODB_ENDPOINT"]
        (published,) = services["dynamodb"]["ports"]
        assert re.fullmatch(r"127\.0\.0\.1:(\d+):8000", published)
        assert endpoint == f"http://{published.rpartition(':')[0]}"
