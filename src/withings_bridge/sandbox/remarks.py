"""What the console says of a deed, kept until the page that follows has shown it."""

import itertools

KEPT = 100


class Remarks:
    """The last remarks, by name: an address names one, and no link can put words in the console's mouth."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._remarks: dict[str, str] = {}

    def add(self, text: str) -> str:
        """The remark's name."""
        number = next(self._numbers)
        self._remarks[str(number)] = text
        self._remarks.pop(str(number - KEPT), None)
        return str(number)

    def find(self, name: str) -> str | None:
        return self._remarks.get(name)
