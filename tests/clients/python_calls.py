"""Calls a bridge with the client that was generated from its description, and prints what it was told.

Runs in an environment of its own. Arguments: the bridge's address, an API key, a linked user.
"""

import json
import sys

from bridge_client import AuthenticatedClient  # type: ignore[import-not-found] # generated
from bridge_client.api.users import status, sync  # type: ignore[import-not-found] # generated
from bridge_client.models import (  # type: ignore[import-not-found] # generated
    ErrorReply,
    LinkedStatus,
    SyncRequest,
    UnlinkedStatus,
)


def main(url: str, key: str, user: str) -> None:
    bridge = AuthenticatedClient(base_url=url, token=key, prefix="", auth_header_name="X-API-Key")
    linked = status.sync(client=bridge, user_id=user)
    nobody = status.sync(client=bridge, user_id="nobody")
    refused = sync.sync(client=bridge, body=SyncRequest(cognito_user_id=user))
    assert isinstance(linked, LinkedStatus)
    assert isinstance(nobody, UnlinkedStatus)
    assert isinstance(refused, ErrorReply)
    told = {
        "userid": linked.userid,
        "minutes": type(linked.expires_in_minutes).__name__,
        "why": nobody.message,
        "code": refused.code,
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
