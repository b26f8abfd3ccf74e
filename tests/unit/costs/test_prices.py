"""Files with AWS's prices."""

from decimal import Decimal
from pathlib import Path

import pytest

from aitrail.costs import PriceError
from aitrail.costs import prices as aws_prices
from aitrail.costs.prices import UNITS, AwsPrices, Price

BUNDLED = (Path(aws_prices.__file__).parent / "prices.toml").read_text()
ALARMS = "alarms = { price = 0.10, per = 1, free = 10 }"


@pytest.fixture
def file(tmp_path):
    """Writes the bundled file with one text replaced."""

    def file(old, new):
        assert old in BUNDLED
        path = tmp_path / "prices.toml"
        path.write_text(BUNDLED.replace(old, new))
        return path

    return file


def test_bundled_prices_say_what_they_are_and_where_to_check_them():
    prices = AwsPrices.read()

    assert str(prices) == (
        "Prices of 2026-11 in USD for us-east-1 from secondary pages (AWS' own pages: https://aws.amazon.com/pricing/)"
    )
    assert set(prices.prices) == set(UNITS)
    assert prices.prices["lambda-gb-seconds"].of(Decimal(1)) == Decimal("0.0000133334")


def test_file_may_have_other_prices(file):
    prices = AwsPrices.read(file(ALARMS, "alarms = { price = 3, per = 2 }"))

    assert prices.prices["alarms"] == Price(price=Decimal(3), per=Decimal(2))
    assert prices.prices["alarms"].of(Decimal(8)) == 12


NUMBER = "it must be a number, 0 to 1,000,000,000 with at most 9 decimals"
WRONG = {
    "no currency": (
        'currency = "USD"',
        "",
        ": currency is missing; the required ones are currency, date, region, source",
    ),
    "unknown key": ('currency = "USD"', 'currency = "USD"\nx = 1', ": unknown key 'x'; choose from currency, date,"),
    "no text": ('region = "us-east-1"', "region = 1", ", region is 1; it must be a string."),
    "no price of something": (ALARMS, "", ", prices: alarms is missing; the required ones are write-units, read-units"),
    "unknown price": (ALARMS, f"{ALARMS}\nsirens = 1", ", prices: unknown key 'sirens'; choose from write-units"),
    "number alone": (ALARMS, "alarms = 1", ", prices.alarms is 1; it must be a table."),
    "no price": (
        ALARMS,
        "alarms = { per = 1 }",
        ", prices.alarms: price is missing; the required ones are price, per.",
    ),
    "unknown field": (
        ALARMS,
        "alarms = { price = 1, per = 1, x = 1 }",
        ", prices.alarms: unknown key 'x'; choose from price, per, free.",
    ),
    "price that is a text": (
        ALARMS,
        'alarms = { price = "1", per = 1 }',
        f", prices.alarms, price is '1'; {NUMBER}: what so many units cost.",
    ),
    "negative free units": (
        ALARMS,
        "alarms = { price = 1, per = 1, free = -1 }",
        f", prices.alarms, free is '-1'; {NUMBER}: how many units are free in a month.",
    ),
    "price of nothing": (
        ALARMS,
        "alarms = { price = 1, per = 0 }",
        ", prices.alarms, per is 0; it must be the number of units that the price is for.",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), WRONG.values(), ids=WRONG)
def test_wrong_file_is_refused_with_what_is_wrong_and_where(file, old, new, message):
    path = file(old, new)

    with pytest.raises(PriceError) as raised:
        AwsPrices.read(path)

    assert str(raised.value).startswith(f"{path}{message}")
