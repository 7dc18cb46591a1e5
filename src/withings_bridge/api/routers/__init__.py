"""The endpoints, one room a subject."""
