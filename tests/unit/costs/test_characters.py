"""Price files, and the cost of characters."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.costs import PriceError, Prices, cost_of

LAW = settings(derandomize=True, database=None, deadline=None, max_examples=200)

HEAD = 'currency = "EUR"\ndate = "2026-10"\nsource = "a contract"\n'
ENGINES = "[per_million_characters]\nstandard = 3.5\nneural = 14\n"


@pytest.fixture
def file(tmp_path):
    """Writes a price file."""

    def file(text):
        path = tmp_path / "prices.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return file


def test_bundled_prices_say_what_they_are_and_where_to_check_them():
    prices = Prices.read()

    assert str(prices) == (
        "Prices of 2026-11 in USD from secondary pages (AWS' own page: https://aws.amazon.com/polly/pricing/)"
    )
    assert prices.per_million_characters == {
        "standard": Decimal(4),
        "neural": Decimal(16),
        "long-form": Decimal(100),
        "generative": Decimal(30),
    }
    assert prices.regions == {}


def test_region_has_its_own_price_only_for_the_engines_that_it_names(file):
    prices = Prices.read(file(HEAD + ENGINES + '[regions."us-gov-west-1"]\nneural = 19.20\ngenerative = 36\n'))

    found = {(engine, region): prices.price(engine, region) for engine in PRICES for region in REGIONS}

    assert found == {(engine, region): PRICES[engine][region] for engine in PRICES for region in REGIONS}


REGIONS = ("us-gov-west-1", "eu-central-1", None)
PRICES = {
    "standard": dict.fromkeys(REGIONS, Decimal("3.5")),
    "neural": dict.fromkeys(REGIONS, Decimal(14)) | {"us-gov-west-1": Decimal("19.20")},
    "generative": dict.fromkeys(REGIONS) | {"us-gov-west-1": Decimal(36)},
    "long-form": dict.fromkeys(REGIONS),
}


def test_price_may_have_any_number_of_zeros_at_its_end(file):
    prices = Prices.read(file(HEAD + ENGINES + "long-form = 100.000000000000\n"))

    assert prices.price("long-form", None) == 100


def test_date_may_be_a_date(file):
    assert Prices.read(file(HEAD.replace('"2026-10"', "2026-10-31") + ENGINES)).date == "2026-10-31"


NUMBER = "it must be a number, 0 to 1,000,000,000 with at most 9 decimals: what a million characters cost."
WRONG = {
    "no TOML": ("currency = USD", "is not a TOML file in UTF-8: Invalid value (at line 1, column 12)."),
    "number that nothing can hold": (f"{HEAD}x = 1e9999999999999999999", "contains a number that is out of range."),
    "no UTF-8": (b"\xff", "is not a TOML file in UTF-8: 'utf-8' codec can't decode byte 0xff"),
    "no currency": (
        ENGINES,
        ": currency is missing; the required ones are currency, date, source, per_million_characters.",
    ),
    "no prices": (HEAD, ": per_million_characters is missing; the required ones are"),
    "unknown key": (
        f"{HEAD}region = 1\n{ENGINES}",
        ": unknown key 'region'; choose from currency, date, source, per_million_characters, regions.",
    ),
    "currency that is no text": (
        HEAD.replace('"EUR"', "978") + ENGINES,
        ", currency is 978; it must be a string.",
    ),
    "empty source": (HEAD.replace("a contract", " ") + ENGINES, ", source is ' '; it must be a string."),
    "date that is none": (HEAD.replace('"2026-10"', "2026") + ENGINES, ", date is 2026; it must be a string."),
    "prices that are no table": (
        f"{HEAD}per_million_characters = 4",
        ", per_million_characters is 4; it must be a table.",
    ),
    "no engine": (
        f"{HEAD}[per_million_characters]",
        ", per_million_characters has no price; give one for each engine, such as neural = 16.00.",
    ),
    "negative": (
        f"{HEAD}{ENGINES}long-form = -0.01",
        f", per_million_characters, long-form is '-0.01'; {NUMBER}",
    ),
    "text": (f'{HEAD}{ENGINES}long-form = "4"', f", per_million_characters, long-form is '4'; {NUMBER}"),
    "truth": (f"{HEAD}{ENGINES}long-form = true", f", per_million_characters, long-form is 'True'; {NUMBER}"),
    "no number": (f"{HEAD}{ENGINES}long-form = nan", f", per_million_characters, long-form is 'NaN'; {NUMBER}"),
    "infinite": (f"{HEAD}{ENGINES}long-form = inf", f", per_million_characters, long-form is 'Infinity'; {NUMBER}"),
    "too high": (
        f"{HEAD}{ENGINES}long-form = 1_000_000_001",
        f", per_million_characters, long-form is '1000000001'; {NUMBER}",
    ),
    "too fine": (
        f"{HEAD}{ENGINES}long-form = 0.0000000001",
        f", per_million_characters, long-form is '1E-10'; {NUMBER}",
    ),
    "regions that are no table": (f"{HEAD}regions = 1\n{ENGINES}", ", regions is 1; it must be a table."),
    "region that is none": (
        f"{HEAD}{ENGINES}[regions.Frankfurt]\nneural = 1",
        ", regions: 'Frankfurt' is not a Region; it should look like us-gov-west-1.",
    ),
    "region with a wrong price": (
        f"{HEAD}{ENGINES}[regions.eu-central-1]\nneural = -1",
        f", regions.eu-central-1, neural is '-1'; {NUMBER}",
    ),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_wrong_file_is_refused_with_what_is_wrong_and_where(file, text, message):
    path = file(text)

    with pytest.raises(PriceError) as raised:
        Prices.read(path)

    separator = "" if message[0] in ",:" else " "
    assert str(raised.value).startswith(f"{path}{separator}{message}")


def test_file_that_is_not_there_is_refused(tmp_path):
    path = tmp_path / "prices.toml"

    with pytest.raises(PriceError) as raised:
        Prices.read(path)

    assert str(raised.value) == f"{path} cannot be read: No such file or directory."


@given(
    st.dictionaries(
        st.decimals(min_value=0, max_value=10**9, places=9), st.integers(min_value=0, max_value=10**30), max_size=5
    )
)
@LAW
def test_cost_is_exact(characters):
    expected = sum((Fraction(price) * count for price, count in characters.items()), Fraction()) / 10**6

    assert Fraction(cost_of(characters)) == expected
