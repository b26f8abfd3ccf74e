"""aitrail: a queryable record of who used Amazon Polly, Transcribe, Lex and Personalize."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aitrail.store import EventStore

__version__ = "0.1.0"
__all__ = ["EventStore"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 (a module's hook)
    # Imported when it is asked for: the function needs nothing of it.
    if name != "EventStore":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from aitrail.store import EventStore  # noqa: PLC0415

    return EventStore
