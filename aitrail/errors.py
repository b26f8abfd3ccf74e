"""The base class of all errors that aitrail raises on purpose.

Each module defines its own errors next to the code that raises them. Their messages say what happened, where, and what
to do next, so that they can be shown or logged unchanged.
"""


class AitrailError(Exception):
    """An error with a message for people."""
