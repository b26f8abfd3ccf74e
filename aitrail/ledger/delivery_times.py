"""How far an event may be from the time in its log file's name before the ledger has to know. Pure.

CloudTrail delivers within minutes, although it does not guarantee that. The rows of a file are looked for around the
time in its name; events further away are noted in the file's entry before any row is written.
"""

from datetime import timedelta

from aitrail.window import BEGINNING, LATEST, Window, format_time, parse_time

# Longer spans make `aitrail verify` read more rows than those of its window; shorter ones make more files cost a
# second write to the ledger.
BEFORE_DELIVERY = timedelta(hours=3)
# For inaccurate clocks.
AFTER_DELIVERY = timedelta(hours=1)


def near(window: Window) -> Window:
    """The window of the events that log files delivered in a window usually have."""
    since, until = max(window.since, BEGINNING), max(window.until, BEGINNING)
    return Window(since=since - BEFORE_DELIVERY, until=min(until, LATEST - AFTER_DELIVERY) + AFTER_DELIVERY)


def has_distant_events(delivered_at: str | None, first: str | None, last: str | None) -> bool:
    """Whether events between `first` and `last` (eventTime) may be far from the time in their log file's name.

    Without a time in the name, every event is.
    """
    if first is None or last is None:
        return False
    if delivered_at is None:
        return True
    at = parse_time(delivered_at)
    usual = near(Window(since=at, until=at))
    return first < format_time(usual.since) or last > format_time(usual.until)
