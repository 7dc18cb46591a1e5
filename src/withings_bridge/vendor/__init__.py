"""Browser assets of others, unmodified release files; ``scripts/vendor_assets.py`` puts them here."""

from pathlib import Path

SWAGGER_UI = Path(__file__).parent / "swagger_ui"
"""The folder of Swagger UI: script, stylesheet, and its licence (Apache-2.0)."""

REDOC = Path(__file__).parent / "redoc"
"""The folder of ReDoc: script, and its licence (MIT)."""
