"""Puts browser assets of others in place: ``python scripts/vendor_assets.py``.

Swagger UI and ReDoc go into the package, axe-core to the tests. To move to another release change its
version and integrity (``npm view PACKAGE@VERSION dist.integrity``) and run it again. Needs npm; the files are
taken as published, and only those that are used or that the licences ask for.
"""

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENDOR = "src/withings_bridge/vendor"


@dataclass(frozen=True)
class Release:
    """A published release, and what is taken from it."""

    package: str
    version: str
    integrity: str
    files: tuple[str, ...]
    folder: str
    """Where they go, below ``ROOT``."""


RELEASES = (
    Release(
        package="swagger-ui-dist",
        version="5.35.0",
        integrity="sha512-U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ==",
        files=(
            "swagger-ui-bundle.js",
            "swagger-ui-bundle.js.LICENSE.txt",
            "swagger-ui.css",
            "LICENSE",
            "NOTICE",
            "package.json",
        ),
        folder=f"{VENDOR}/swagger_ui",
    ),
    Release(
        package="redoc",
        version="2.5.4",
        integrity="sha512-M6jWhG1qoBnH6TFmzJnstyCZ87HmOY/UzDm78mHiYihEdlV/YcS9ogOo1NlElnJMeLsyxHFe2yFc4sNjHTrABQ==",
        files=(
            "bundles/redoc.standalone.js",
            "bundles/redoc.standalone.js.LICENSE.txt",
            "LICENSE",
            "package.json",
        ),
        folder=f"{VENDOR}/redoc",
    ),
    Release(
        package="axe-core",
        version="4.14.1",
        integrity="sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
        files=("axe.min.js", "LICENSE", "LICENSE-3RD-PARTY.txt", "package.json"),
        folder="tests/browser/axe_core",
    ),
)


def main() -> None:
    """Fetch, verify, replace."""
    npm = shutil.which("npm") or sys.exit("npm is needed and was not found.")
    for release in RELEASES:
        put_in_place(release, npm)


def put_in_place(release: Release, npm: str) -> None:
    """Replace the folder by the files of the release, if it is the one that was pinned."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(  # noqa: S603 - the arguments are the constants above
            [npm, "pack", "--silent", "--ignore-scripts", f"{release.package}@{release.version}"],
            cwd=folder,
            check=True,
        )
        (archive,) = Path(folder).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != release.integrity:
            sys.exit(f"{archive.name} is not the release that was pinned: sha512-{digest}")
        target = ROOT / release.folder
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        with tarfile.open(archive) as content:
            for name in release.files:
                member = content.extractfile(f"package/{name}") or sys.exit(f"{name} is not in the release.")
                (target / Path(name).name).write_bytes(member.read())
    print(f"{release.package} {release.version}: {len(release.files)} files in {release.folder}")


if __name__ == "__main__":
    main()
