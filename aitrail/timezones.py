"""Time zones by their names: those of the IANA database, UTC, and `local`, the one of this computer."""

import os
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from aitrail.errors import AitrailError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

LOCAL = "local"
# Where Linux and macOS keep the zone of the computer; a link whose target ends with the name of the zone.
_LOCALTIME = Path("/etc/localtime")
_DATABASE = "zoneinfo/"
# These count leap seconds, which CloudTrail's times do not.
_WITH_LEAP_SECONDS = "right/"
_SHOWN = 60


class TimeZoneError(AitrailError):
    """A text that is not the name of a time zone, or a system without the data of time zones."""


def time_zone(name: str | tzinfo) -> tzinfo:
    """The time zone with that name, such as Europe/Berlin, UTC or local; a tzinfo is returned as it is.

    Raises TimeZoneError, which names the closest time zone.
    """
    if isinstance(name, tzinfo):
        return name
    if not isinstance(name, str):
        raise TimeZoneError(f"{name!r} is not a time zone: give a name such as Europe/Berlin, UTC, local, or a tzinfo.")
    if name.lower() == "utc":
        return UTC
    return _local() if name.lower() == LOCAL else _named(name)


def zone_names() -> list[str]:
    """All names of time zones on this system, sorted; only the first two if it has no data of time zones."""
    from zoneinfo import available_timezones  # noqa: PLC0415 (reads a folder)

    return ["UTC", LOCAL, *sorted(available_timezones() - {"UTC"})]


def _named(name: str) -> "ZoneInfo":
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 (looks at the system; UTC needs none)

    try:
        if not name.startswith(_WITH_LEAP_SECONDS):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # also for folders and other files of the database
        pass
    names = zone_names()
    if len(names) <= len(("UTC", LOCAL)):
        raise TimeZoneError(
            f"{_shown(name)} cannot be found: this system has no data of time zones. Install the package tzdata "
            "(of the system, or `pip install tzdata`)."
        )
    raise TimeZoneError(
        f"{_shown(name)} is not a time zone{_meant(name, names)} Give a name such as Europe/Berlin, UTC, or local."
    )


def _meant(name: str, names: list[str]) -> str:
    """The end of a sentence: the closest name; a city stands for its time zone."""
    from difflib import get_close_matches  # noqa: PLC0415 (only errors need it)

    by_city = {each.lower().rpartition("/")[2]: each for each in names}
    by_name = by_city | {each.lower(): each for each in names}
    wanted = name[:_SHOWN].lower().replace(" ", "_")
    found = get_close_matches(wanted, by_name, n=1) or get_close_matches(wanted.rpartition("/")[2], by_city, n=1)
    return f": did you mean {by_name[found[0]]}?" if found else "."


def _local() -> tzinfo:
    name = os.environ.get("TZ")
    if name is None:
        return _of_computer()
    path = name.removeprefix(":")
    try:
        if Path(path).is_absolute():
            return _from_file(Path(path))
        return time_zone(path) if path and path.lower() != LOCAL else UTC
    except (TimeZoneError, OSError, ValueError):
        raise TimeZoneError(
            f"The time zone of this computer is unknown: TZ is {_shown(name)}, which names no time zone. Give one, "
            "such as Europe/Berlin."
        ) from None


def _of_computer() -> tzinfo:
    try:
        return _from_file(_LOCALTIME)
    except FileNotFoundError:  # then the C library also uses UTC
        return UTC
    except (OSError, ValueError) as error:
        raise TimeZoneError(
            f"The time zone of this computer cannot be read from {_LOCALTIME}: {error}. Give one, such as "
            "Europe/Berlin."
        ) from error


def _from_file(path: Path) -> tzinfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 (as above)

    name = path.resolve().as_posix().rpartition(_DATABASE)[2]
    with path.open("rb") as stream:
        zone = ZoneInfo.from_file(stream, key=LOCAL if name.startswith("/") else name)
    return UTC if zone.key in ("UTC", "Etc/UTC") else zone


def _shown(name: str) -> str:
    return ascii(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}...")


def zoned(moment: datetime, zone: tzinfo) -> datetime:
    """The moment in the zone; in UTC if the zone's date would be before the year 1 or after the year 9999."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment.astimezone(UTC)
