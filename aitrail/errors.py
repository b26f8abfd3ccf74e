"""The root of every error that aitrail raises on purpose.

Each module defines its own errors beside the code that raises them. Their messages say what happened, where,
and what to do next, so that a shell or a log can show them as they are.
"""


class AitrailError(Exception):
    """An error with a message meant for people."""
