"""Withings' side of the wire: the authorize page, the token endpoint, the services, notify."""
