"""Tells people why an ID, or the beginning of one, does not name one event."""

import re
from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from aitrail.calendars import local_time
from aitrail.cells import name_text
from aitrail.cli.options import Place
from aitrail.cli.output import narrate, shown_time
from aitrail.window import Window

# As many events are named; a longer list is no help.
MOST_CANDIDATES = 10


def narrate_candidates(beginning: str, rows: Sequence[dict[str, Any]], zone: tzinfo) -> None:
    """Lists the events that begin with a text, newest first; there may be one more than are listed."""
    several = f"{len(rows)}" if len(rows) <= MOST_CANDIDATES else f"More than {MOST_CANDIDATES}"
    narrate(f"{several} events begin with {beginning}. Give more of the ID:")
    for row in rows[:MOST_CANDIDATES]:
        names = (name_text(str(row.get(name, "-"))) for name in ("operation", "principal", "eventID"))
        narrate("  ".join((f"  {shown_time(row['eventTime'], zone)}", *names)))


def narrate_no_event(event_id: str, place: Place, window: Window | None, zone: tzinfo) -> None:
    """Tells that there is no such event; `window` is where an ID that begins with this was looked for."""
    narrate(
        f"There is no event {event_id} in {place}. Check the ID and the place (--stack, --region, --profile, "
        "--from). CloudTrail delivers a log file 5 to 15 minutes after a call. A row is deleted when its retention "
        "ends."
    )
    if window is None:
        if re.fullmatch(r"[0-9a-fA-F]{1,3}", event_id):
            narrate("Give at least 4 characters of the ID.")
    elif looked := window.text(lambda moment: local_time(moment, zone)):
        narrate(f"No eventID {looked} begins with it: --since looks further back.")
    else:
        narrate("No eventID begins with it.")
