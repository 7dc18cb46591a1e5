"""Puts the release files of Swagger UI into the package: ``python scripts/vendor_assets.py``.

To move to another release change VERSION and INTEGRITY (``npm view swagger-ui-dist@VERSION dist.integrity``)
and run it again. Needs npm; the files are taken as published, and only those that ``/docs`` serves or that
the licences ask for.
"""

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "swagger-ui-dist"
VERSION = "5.35.0"
INTEGRITY = "sha512-U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ=="
FILES = (
    "swagger-ui-bundle.js",
    "swagger-ui-bundle.js.LICENSE.txt",
    "swagger-ui.css",
    "LICENSE",
    "NOTICE",
    "package.json",
)
TARGET = Path(__file__).resolve().parents[1] / "src/withings_bridge/vendor/swagger_ui"


def main() -> None:
    """Fetch, verify, replace."""
    npm = shutil.which("npm") or sys.exit("npm is needed and was not found.")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(  # noqa: S603 - the arguments are the constants above
            [npm, "pack", "--silent", "--ignore-scripts", f"{PACKAGE}@{VERSION}"], cwd=folder, check=True
        )
        (archive,) = Path(folder).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != INTEGRITY:
            sys.exit(f"{archive.name} is not the release that was pinned: sha512-{digest}")
        shutil.rmtree(TARGET, ignore_errors=True)
        TARGET.mkdir(parents=True)
        with tarfile.open(archive) as release:
            for name in FILES:
                member = release.extractfile(f"package/{name}") or sys.exit(f"{name} is not in the release.")
                (TARGET / name).write_bytes(member.read())
    print(f"{PACKAGE} {VERSION}: {len(FILES)} files in {TARGET.name}")


if __name__ == "__main__":
    main()
