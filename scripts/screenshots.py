"""Takes the README's pictures: a bridge with its sandbox, one person linked, Chromium looking at it."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=2",
    "--virtual-time-budget=4000",
)


def main() -> None:
    chromium = shutil.which("chromium") or sys.exit("Chromium is needed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        port = _free_pair()
        url = f"http://localhost:{port}"
        environment = {"PATH": os.environ["PATH"], "PORT": str(port)}
        command = [sys.executable, "-m", "withings_bridge", "serve"]
        with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL) as bridge:  # noqa: S603 - our own program
            try:
                _until_it_answers(url)
                _link(url, "demo-user")
                PICTURES.mkdir(parents=True, exist_ok=True)
                _picture(chromium, f"{url}/", "home.png", "1100,860", folder)
            finally:
                bridge.terminate()


def _link(url: str, user: str) -> None:
    """Consent as the person would, and wait for the import."""
    with httpx.Client(timeout=90) as browser:
        consent = browser.get(f"{url}/login", params={"state": user}).headers["location"]
        page = httpx.URL(consent)
        origin = f"{page.scheme}://{page.netloc.decode()}"
        person = browser.get(f"{origin}/sandbox/people").json()[0]["userid"]
        form = {
            "person": person,
            "scope": ["user.info", "user.metrics", "user.activity", "user.sleepevents"],
            "decision": "allow",
        }
        allowed = browser.post(consent, data=form, headers={"Origin": origin})
        browser.get(allowed.headers["location"]).raise_for_status()
        browser.post(f"{url}/api/withings/sync", json={"cognitoUserId": user}).raise_for_status()


def _picture(chromium: str, url: str, name: str, size: str, folder: str) -> None:
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    arguments = [
        f"--window-size={size}",
        f"--user-data-dir={folder}/browser",
        f"--screenshot={PICTURES / name}",
    ]
    subprocess.run([chromium, *QUIET, *root, *arguments, url], check=True, stderr=subprocess.DEVNULL)  # noqa: S603 - looked up above
    print(PICTURES / name)


def _until_it_answers(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health").is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    sys.exit("The bridge did not start.")


def _free_pair() -> int:
    """A port with a free one above it, for the sandbox."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


if __name__ == "__main__":
    main()
