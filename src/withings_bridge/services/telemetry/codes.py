"""What others send as the value of a label: told apart within bounds, and only where it can be of nobody."""

import re

MOST_CODES = 64
"""Of one sort of unknown thing so many codes are told apart: what others send must not fill our memory."""

OTHER = "other"
"""The code under which the rest is counted."""

_CODE = re.compile(r"-?[0-9]{1,6}|[a-z]+(\.[A-Za-z_][A-Za-z0-9_]{0,39}){1,2}")
"""A number that Withings may give a type, or a kind of record with a field's name, or with two, one in the
other. A longer number could be a time, and other text anything.
"""


class Codes:
    """The codes of each sort that were seen."""

    def __init__(self) -> None:
        self._seen: dict[str, set[str]] = {}

    def told_apart(self, sort: str, code: str) -> str:
        """The code, or ``OTHER`` for one that is too much or could be anything."""
        codes = self._seen.setdefault(sort, set())
        if code in codes:
            return code
        if len(codes) >= MOST_CODES or not _CODE.fullmatch(code):
            return OTHER
        codes.add(code)
        return code
