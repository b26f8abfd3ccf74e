"""Time zones: by name, of this computer, or refused with the closest name."""

import sys
import zoneinfo
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from aitrail import timezones
from aitrail.timezones import TimeZoneError, time_zone, zone_names, zoned
from aitrail.window import EARLIEST, LATEST

DATABASE = zoneinfo.TZPATH


def test_a_name_is_that_of_the_database():
    assert time_zone("Europe/Berlin") is ZoneInfo("Europe/Berlin")
    assert time_zone("utc") is time_zone("UTC") is UTC


def test_a_tzinfo_is_taken_as_it_is():
    zone = timezone(timedelta(hours=2))

    assert time_zone(zone) is zone


WRONG = {
    "a city": ("berlin", ": did you mean Europe/Berlin?"),
    "a city of two words": ("new york", ": did you mean America/New_York?"),
    "another case": ("europe/berlin", ": did you mean Europe/Berlin?"),
    "misspelled": ("Europe/Belrin", ": did you mean Europe/Berlin?"),
    "another continent": ("Asia/Berlin", ": did you mean "),
    "a misspelled word": ("locale", ": did you mean local?"),
    "like nothing": ("qqqqqqqqqq", "."),
    "nothing": ("", "."),
    "a folder": ("Europe", ""),
    "another file of the database": ("zone.tab", ""),
    "leap seconds": ("right/UTC", ""),
    "a path": ("../../../etc/passwd", "."),
    "an absolute path": ("/etc/localtime", ""),
    "a null character": ("Europe/Berlin\0", ""),
    "a lone surrogate": ("\udc80", "."),
    "a long text": ("x" * 10_000, "."),
}


@pytest.mark.parametrize(("name", "meant"), WRONG.values(), ids=WRONG)
def test_another_name_is_refused_with_the_closest_one(name, meant):
    with pytest.raises(TimeZoneError) as refused:
        time_zone(name)

    message = str(refused.value)
    assert f" is not a time zone{meant}" in message
    assert message.endswith("Give a name such as Europe/Berlin, UTC, or local.")
    assert message.isascii()
    assert message.isprintable()
    assert len(message) < 250


@pytest.mark.parametrize("given", [None, 2, b"UTC"], ids=repr)
def test_what_is_no_name_is_refused(given):
    with pytest.raises(TimeZoneError, match="is not a time zone: give a name such as Europe/Berlin, UTC, local"):
        time_zone(given)


@pytest.fixture
def no_database(monkeypatch):
    """A system without the data of time zones, and without the package tzdata."""
    zoneinfo.reset_tzpath(())
    monkeypatch.setattr("importlib.resources.open_binary", None)
    for name in [each for each in sys.modules if each.startswith("tzdata.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tzdata", None)
    ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(DATABASE)
    ZoneInfo.clear_cache()


@pytest.mark.usefixtures("no_database")
def test_a_system_without_time_zones_is_told_which_package_has_them():
    assert zone_names() == ["UTC", "local"]
    assert time_zone("UTC") is UTC
    with pytest.raises(TimeZoneError, match=r"'Europe/Berlin' cannot be found: .* Install the package tzdata"):
        time_zone("Europe/Berlin")


@pytest.mark.parametrize("value", ["Asia/Tokyo", ":Asia/Tokyo", f"{DATABASE[0]}/Asia/Tokyo"])
def test_local_is_what_the_environment_says(monkeypatch, value):
    monkeypatch.setenv("TZ", value)

    assert str(time_zone("Local")) == "Asia/Tokyo"
    assert datetime(2026, 1, 1, tzinfo=time_zone("local")).utcoffset() == timedelta(hours=9)


@pytest.mark.parametrize("value", ["", ":", "UTC", "local", ":UTC"])
def test_local_is_utc_if_the_environment_says_so_or_nothing(monkeypatch, value):
    monkeypatch.setenv("TZ", value)

    assert time_zone("local") is UTC


@pytest.mark.parametrize("value", ["CET-1CEST,M3.5.0,M10.5.0/3", "nowhere", "/no/such/file", "/etc", "/etc/passwd"])
def test_local_that_is_not_known_is_refused_with_what_the_environment_says(monkeypatch, value):
    monkeypatch.setenv("TZ", value)

    with pytest.raises(TimeZoneError) as refused:
        time_zone("local")

    assert str(refused.value) == (
        f"The time zone of this computer is unknown: TZ is {value!r}, which names no time zone. Give one, such as "
        "Europe/Berlin."
    )


def test_local_is_that_of_the_computer_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv("TZ", raising=False)
    link, copy = tmp_path / "link", tmp_path / "copy"
    link.symlink_to(f"{DATABASE[0]}/Asia/Tokyo")
    copy.write_bytes(link.read_bytes())
    names = []
    for path in (link, copy, tmp_path / "none"):
        monkeypatch.setattr(timezones, "_LOCALTIME", path)
        names.append(str(time_zone("local")))

    assert names == ["Asia/Tokyo", "local", "UTC"]


def test_local_of_a_computer_that_cannot_be_read_is_refused(monkeypatch, tmp_path):
    monkeypatch.delenv("TZ", raising=False)
    path = tmp_path / "localtime"
    path.write_bytes(b"no zone")
    monkeypatch.setattr(timezones, "_LOCALTIME", path)

    with pytest.raises(TimeZoneError, match=r"cannot be read from .*localtime: .* Give one, such as Europe/Berlin\.$"):
        time_zone("local")


@pytest.mark.parametrize("moment", [EARLIEST, LATEST])
def test_a_moment_without_a_date_in_the_zone_is_in_utc(moment):
    zones = [ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")]

    assert {zoned(moment, zone) for zone in zones} == {moment}
    assert UTC in {zoned(moment, zone).tzinfo for zone in zones}
