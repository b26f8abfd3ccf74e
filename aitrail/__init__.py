"""aitrail: a queryable record of who used Amazon Polly, Transcribe, Lex and Personalize."""

from aitrail.lazy import exports

__version__ = "0.1.0"
# Not the typing module's, which imports much, and Ctrl-C ends `aitrail` quietly only after this (aitrail.cli.main).
TYPE_CHECKING = False

if TYPE_CHECKING:
    from aitrail.questions import EventStore
else:
    __all__, __getattr__, __dir__ = exports(__name__, questions=("EventStore",))
