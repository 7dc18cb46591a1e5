"""What the bridge's pages and the sandbox's have in common in a browser: ``live.js`` keeps a page current,
``docs.js`` starts Swagger UI.
"""

from pathlib import Path

BROWSER = Path(__file__).parent
"""The folder of it."""
