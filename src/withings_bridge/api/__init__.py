"""The HTTP edge: typed requests and replies around the services, and nothing else in it."""
