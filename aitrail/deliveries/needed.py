"""What a question needs of log files, and what CloudTrail's names say of them: time, account and Region. Pure."""

from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct

from aitrail.deliveries.keys import EVERYWHERE, LogKey, Origins, log_key_of
from aitrail.window import ALWAYS, BEGINNING, LATEST, Window, event_time

# An event is delivered after it happened; one hour allows for inaccurate clocks.
_CLOCKS = timedelta(hours=1)
# CloudTrail delivers within minutes, and guarantees no time. A week allows for its troubles and those of a bucket.
_LATE = timedelta(days=7)

BEFORE_THE_WINDOW = "delivered before the window"
AFTER_THE_WINDOW = "delivered over a week after the window"
OTHER_ACCOUNT = "of another account"
OTHER_REGION = "of another Region"
# Why a log file is left out without a look into it.
BY_NAME = (BEFORE_THE_WINDOW, AFTER_THE_WINDOW, OTHER_ACCOUNT, OTHER_REGION)


class Needed(Struct, frozen=True, kw_only=True):
    """The log files that may hold events of a window, of the accounts and in the Regions of `origins`; by default all.

    CloudTrail writes the events of an account and Region to its folder, and names each file after them and after the
    time of its delivery.
    """

    window: Window = ALWAYS
    origins: Origins = EVERYWHERE

    def includes(self, other: "Needed") -> bool:
        """Whether these are at least the others."""
        return (
            self.window.since <= other.window.since
            and other.window.until <= self.window.until
            and _are_at_least(self.origins.accounts, other.origins.accounts)
            and _are_at_least(self.origins.regions, other.origins.regions)
        )

    def why_not(self) -> Callable[[str], str | None]:
        """A function: the key of a log file -> one of BY_NAME if it is not needed, None if it may be.

        A file is needed if its folders and name do not say what it holds, or contradict each other.
        """
        if self.includes(Needed()):
            return lambda _name: None
        since, until = self.window.since, self.window.until
        earliest = "" if since <= BEGINNING else event_time(since - _CLOCKS)
        latest = "~" if until > LATEST - _LATE else event_time(max(until, BEGINNING) + _LATE)
        accounts, regions = self.origins.accounts, self.origins.regions

        def why_not(name: str) -> str | None:
            key = log_key_of(name)
            if key is None or key.delivered_at is None or not _agree(key, name):
                return None
            if key.delivered_at < earliest:
                return BEFORE_THE_WINDOW
            if key.delivered_at > latest:
                return AFTER_THE_WINDOW
            if accounts and key.account not in accounts:
                return OTHER_ACCOUNT
            return OTHER_REGION if regions and key.region not in regions else None

        return why_not


def _are_at_least(some: frozenset[str], others: frozenset[str]) -> bool:
    """Whether a selection includes another one; an empty one is of all."""
    return not some or (bool(others) and others <= some)


def _agree(key: LogKey, name: str) -> bool:
    """Whether the name of a file says the same day, account and Region as its folders."""
    own = name.rpartition("/")[2]
    return (
        key.delivered_at is not None
        and key.delivered_at.startswith(key.delivery_day)
        and own.startswith(f"{key.account}_")
        and own.split("_", 3)[2] == key.region
    )
