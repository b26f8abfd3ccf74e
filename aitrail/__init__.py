"""aitrail: a queryable record of who used Amazon Polly, Transcribe, Lex and Personalize."""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

__version__ = "0.1.0"

if TYPE_CHECKING:
    from aitrail.questions import EventStore
else:
    __all__, __getattr__, __dir__ = exports(__name__, questions=("EventStore",))
