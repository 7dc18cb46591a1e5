"""Links Vitals7 users to Withings and keeps their readings in step."""

__version__ = "0.1.0"
