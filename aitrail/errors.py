"""The base class of all errors that aitrail raises on purpose, and notes on errors of any kind.

Each module defines its own errors next to the code that raises them. Their messages say what happened, where, and what
to do next, so that they can be shown or logged unchanged.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class AitrailError(Exception):
    """An error with a message for people."""


@contextmanager
def noted(note: str) -> Iterator[None]:
    """Adds a note to an error that passes: what it is about, if its own text does not tell."""
    try:
        yield
    except Exception as error:
        if note not in getattr(error, "__notes__", ()):
            error.add_note(note)
        raise


def notes_on(error: BaseException) -> str:
    """The notes on an error as text that can precede its own; empty if there are none."""
    return "".join(f"{note}: " for note in getattr(error, "__notes__", ()))
