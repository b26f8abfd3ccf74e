"""Times for people: those that CloudTrail wrote in UTC, in a time zone."""

from datetime import UTC, tzinfo

from aitrail.calendars import local_time
from aitrail.window import parse_time

# The columns whose values are times as CloudTrail writes them. Log files' and digests' own times stay in UTC.
TIME_COLUMNS = ("eventTime", "firstSeen", "lastSeen")


def titled(name: str, zone: tzinfo) -> str:
    """The title of a column with times or periods, which names their time zone."""
    return f"{name} ({zone})"


def shown_time(text: str, zone: tzinfo) -> str:
    """A time with its offset in the zone, or as it is in UTC; another text unchanged, as a row may contain any."""
    if zone is UTC:
        return text
    try:
        moment = parse_time(text)
    except ValueError:
        return text
    return local_time(moment, zone) if moment.tzinfo else text
