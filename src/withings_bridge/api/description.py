"""What the API says of itself, above its calls in Swagger UI and ReDoc: ``description.md`` beside this."""

from pathlib import Path

DESCRIPTION = Path(__file__).with_name("description.md").read_text(encoding="utf-8")

TAGS = [
    {"name": "connect", "description": "Link a user to Withings: the pages that a browser walks through."},
    {"name": "users", "description": "How a user's link stands, a sync on demand, and the end of the link."},
    {"name": "readings", "description": "All that is stored of a user, read without a call to Withings."},
    {"name": "fhir", "description": "A user's data as resources of FHIR R4, for other health software."},
    {"name": "webhook", "description": "Where Withings posts its notifications."},
    {"name": "operations", "description": "Health of the process, what it counts, and work that is stuck."},
]
"""In the order a newcomer needs them."""
