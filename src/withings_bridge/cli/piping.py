"""Output that another program reads: it may have enough before we are done."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quietly_cut_off() -> Iterator[None]:
    """What reads our output may end first, as ``head`` does: then so does the body, without a word."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered has nowhere to go, and the interpreter would complain of it at the end.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
