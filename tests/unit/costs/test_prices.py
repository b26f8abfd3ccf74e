"""Files with AWS's prices."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrail.costs import PriceError, billed_services, cost_of
from aitrail.costs import prices as aws_prices
from aitrail.costs.prices import UNITS, Price, Prices
from tests.shared.fuzzing import law

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
    prices = Prices.read()

    assert str(prices) == (
        "Prices of 2026-11 in USD for us-east-1 from secondary pages (AWS' own pages: https://aws.amazon.com/pricing/)"
    )
    assert set(prices.prices) == set(UNITS)
    assert prices.prices["lambda-gb-seconds"].of(Decimal(1)) == Decimal("0.0000133334")


def test_file_may_have_other_prices(file):
    prices = Prices.read(file(ALARMS, "alarms = { price = 3, per = 2 }"))

    assert prices.prices["alarms"] == Price(price=Decimal(3), per=Decimal(2), date=prices.date, source=prices.source)
    assert prices.prices["alarms"].of(Decimal(8)) == 12


NEURAL = 'SynthesizeSpeechNeural-Characters = { price = 16.00, per = 1_000_000, unit = "Characters" }'
OF_NEURAL = ", usage.us-east-1.polly.SynthesizeSpeechNeural-Characters"
NUMBER = "it must be a number, 0 to 1,000,000,000 with at most 10 decimals"
WRONG = {
    "no currency": (
        'currency = "USD"',
        "",
        ": currency is missing; the required ones are currency, date, region, source",
    ),
    "unknown key": ('currency = "USD"', 'currency = "USD"\nx = 1', ": unknown key 'x'; choose from currency, date,"),
    "no text": ('region = "us-east-1"', "region = 1", ", region is 1; it must be a string."),
    "date that is none": ('date = "2026-11"', 'date = "soon"', ", date is 'soon'; it must be a day or a month such as"),
    "Region that is none": ('region = "us-east-1"', 'region = "Frankfurt"', ", region: 'Frankfurt' is not a Region;"),
    "empty source": ('source = "secondary', 'source = " "\nx = "', ": unknown key 'x'"),
    "usage of a Region that is none": (
        "[usage.us-east-1.lex]",
        "[usage.Frankfurt.lex]",
        ", usage: 'Frankfurt' is not a Region; it should look like us-gov-west-1.",
    ),
    "usage type that is none": ("TPS-hours =", '"TPS hours" =', ", usage.us-east-1.personalize: 'TPS hours' is not a"),
    "usage without a unit": (
        NEURAL,
        "SynthesizeSpeechNeural-Characters = { price = 1, per = 1 }",
        ", usage.us-east-1.polly.SynthesizeSpeechNeural-Characters: unit is missing; the required ones are price, per,",
    ),
    "tiers that are none": (
        NEURAL,
        NEURAL.replace(" }", ", tiers = 1 }"),
        ", usage.us-east-1.polly.SynthesizeSpeechNeural-Characters, tiers is 1; it must be a list of tables.",
    ),
    "tier without a start": (
        NEURAL,
        NEURAL.replace(" }", ", tiers = [{ price = 1 }] }"),
        ", usage.us-east-1.polly.SynthesizeSpeechNeural-Characters, tiers, item 1: from is missing;",
    ),
    "truth": (NEURAL, NEURAL.replace("16.00", "true"), f"{OF_NEURAL}, price is 'True'; {NUMBER}"),
    "no number": (NEURAL, NEURAL.replace("16.00", "nan"), f"{OF_NEURAL}, price is 'NaN'; {NUMBER}"),
    "infinite": (NEURAL, NEURAL.replace("16.00", "inf"), f"{OF_NEURAL}, price is 'Infinity'; {NUMBER}"),
    "too high": (NEURAL, NEURAL.replace("16.00", "1_000_000_001"), f"{OF_NEURAL}, price is '1000000001'; {NUMBER}"),
    "too fine": (NEURAL, NEURAL.replace("16.00", "0.00000000001"), f"{OF_NEURAL}, price is '1E-11'; {NUMBER}"),
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
        Prices.read(path)

    assert str(raised.value).startswith(f"{path}{message}")


def test_bundled_prices_have_the_characters_of_every_engine():
    prices = Prices.read()

    assert {
        engine: prices.per_million_characters(engine, None) for engine in billed_services()["polly"].usage_types
    } == {
        "standard": 4,
        "neural": 16,
        "long-form": 100,
        "generative": 30,
    }
    assert prices.per_million_characters("turbo", "us-east-1") is None


HEAD = 'currency = "EUR"\ndate = "2026-10"\nregion = "eu-central-1"\nsource = "a contract"\n'
OF_REGIONS = """
[usage.eu-central-1.polly]
SynthesizeSpeech-Characters = { price = 3.5, per = 1_000_000, unit = "characters" }
SynthesizeSpeechNeural-Characters = { price = 0.000014, per = 1, unit = "characters", date = 2026-03-01, source = "b" }
[usage.us-gov-west-1.polly]
SynthesizeSpeechNeural-Characters = { price = 19.20, per = 1_000_000, unit = "characters" }
SynthesizeSpeechGenerative-Characters = { price = 36, per = 1_000_000, unit = "characters" }
"""


@pytest.fixture
def own(tmp_path):
    """Reads a price file without prices of what aitrail itself uses."""
    path = tmp_path / "own.toml"
    path.write_text(HEAD + OF_REGIONS)
    return Prices.read(path)


@pytest.mark.parametrize(
    ("engine", "expected"),
    {
        "standard": ("3.5", "3.5", "3.5"),
        "neural": ("19.20", "14", "14"),
        "generative": ("36", None, None),
        "long-form": (None, None, None),
    }.items(),
)
def test_region_without_a_price_has_that_of_the_region_of_the_file(own, engine, expected):
    found = [own.per_million_characters(engine, region) for region in ("us-gov-west-1", "eu-west-3", None)]

    assert found == [None if each is None else Decimal(each) for each in expected]


def test_notes_name_dates_and_sources_and_say_which_prices_are_old(own):
    assert [*own.notes(["polly"], date(2026, 11, 30))] == [
        (
            "Prices of 2026-03-01 to 2026-10 in EUR for eu-central-1, us-gov-west-1 from a contract and 1 more: "
            "check them."
        ),
        "Prices of 2026-03-01 are older than 180 days: `aitrail prices --refresh` gets those of AWS' price list.",
    ]
    assert [*own.notes(["polly"], date(2026, 8, 28))][1:] == []  # 180 days


def test_notes_say_which_prices_have_no_date_and_which_are_not_there(own):
    built_in = Prices.read()

    assert [*built_in.notes(["personalize"], date(2026, 11, 30))] == [
        "Prices of unknown date in USD for us-east-1 from a note in a public repository, and an AWS blog: check them.",
        "Some prices have no date: `aitrail prices --refresh` gets those of AWS' price list.",
    ]
    assert next(built_in.notes(["personalize", "polly"], date(2026, 11, 30))).startswith("Prices of 2026-11 in USD ")
    assert [*own.notes(["lex"], date(2026, 11, 30))] == [
        "The price file has no prices of lex: `aitrail prices` shows what it has."
    ]


LAW = law(200)


@given(
    st.dictionaries(
        st.decimals(min_value=0, max_value=10**9, places=9), st.integers(min_value=0, max_value=10**30), max_size=5
    )
)
@LAW
def test_cost_is_exact(characters):
    expected = sum((Fraction(price) * count for price, count in characters.items()), Fraction()) / 10**6

    assert Fraction(cost_of(characters)) == expected
