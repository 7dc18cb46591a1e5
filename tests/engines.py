"""A DynamoDB engine for tests: the one at ``DYNAMODB_TEST_ENDPOINT``, else moto on a port of its own."""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def dynamodb_endpoint() -> Iterator[str]:
    """The engine's address for as long as it is needed."""
    if endpoint := os.environ.get("DYNAMODB_TEST_ENDPOINT"):
        yield endpoint
    else:
        with _moto() as endpoint:
            yield endpoint


@contextmanager
def _moto() -> Iterator[str]:
    """One request at a time, as moto's conditional writes are not atomic."""
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=server.serve_forever, name="moto")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
