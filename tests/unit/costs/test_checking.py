"""Values of price files: dates, Regions, numbers, and files that are none."""

from datetime import date

import pytest

from aitrail.costs import PriceError
from aitrail.costs.checking import date_of, document_in, first_day

FILES = {
    "no TOML": (b"currency = USD", " cannot be read as TOML in UTF-8: Invalid value (at line 1, column 12)."),
    "number that nothing can hold": (b"x = 1e9999999999999999999", " contains a number that is out of range."),
    "too deep": (
        b"x = " + b"[" * 100_000,
        " cannot be read as TOML in UTF-8: its tables or arrays are nested too deeply.",
    ),
    "too many dots": (
        b"\nx" + b".x" * 20_000,
        " cannot be read as TOML in UTF-8: line 2 has more than 500 dots: divide",
    ),
    "no UTF-8": (b"\xff", " cannot be read as TOML in UTF-8: 'utf-8' codec can't decode byte 0xff"),
}


@pytest.mark.parametrize(("content", "message"), FILES.values(), ids=FILES)
def test_file_that_is_none_is_refused_with_its_path(tmp_path, content, message):
    path = tmp_path / "prices.toml"
    path.write_bytes(content)

    with pytest.raises(PriceError) as raised:
        document_in(path)

    assert str(raised.value).startswith(f"{path}{message}")


def test_file_that_is_not_there_is_refused(tmp_path):
    path = tmp_path / "prices.toml"

    with pytest.raises(PriceError) as raised:
        document_in(path)

    assert str(raised.value) == f"{path} cannot be read: No such file or directory."


DATES = {
    "2026-11-30": date(2026, 11, 30),
    "2026-11": date(2026, 11, 1),
    "unknown": None,
}


@pytest.mark.parametrize(("text", "day"), DATES.items(), ids=DATES)
def test_date_is_a_day_or_a_month_or_said_to_be_unknown(text, day):
    assert (date_of(text, "here"), first_day(text)) == (text, day)


def test_date_may_be_a_date_of_toml():
    assert date_of(date(2026, 10, 31), "here") == "2026-10-31"


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-02-30", "yesterday", "2026-11-30T00:00"])
def test_text_that_is_no_date_is_refused(text):
    with pytest.raises(PriceError, match="it must be a day or a month such as 2026-11, or unknown"):
        date_of(text, "here")
