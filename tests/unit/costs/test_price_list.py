"""AWS' public price list: offer files in the shape that the AWS Billing User Guide describes."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from aitrail.costs import HOST, PriceError, Prices, Tier, listed_prices, refreshed, text_of_prices

IRELAND = "/offers/v1.0/aws/AmazonPolly/20261001000000/eu-west-1/index.json"
VIRGINIA = "/offers/v1.0/aws/AmazonPersonalize/20260911000000/us-east-1/index.json"


def offer(*products, date="2026-10-01T12:00:00Z"):
    """An offer file; each product is a usage type and the tiers of its only term: (begin, price in USD)."""
    return {
        "formatVersion": "v1.0",
        "publicationDate": date,
        "products": {
            f"SKU{number}": {"sku": f"SKU{number}", "attributes": {"usagetype": name, "regionCode": "eu-west-1"}}
            for number, (name, *_) in enumerate(products)
        },
        "terms": {
            "OnDemand": {
                f"SKU{number}": {
                    f"SKU{number}.JRTCKXETXF": {
                        "priceDimensions": {
                            f"{begin}": {"unit": unit, "beginRange": begin, "pricePerUnit": {"USD": price}}
                            for begin, price in tiers
                        }
                    }
                }
                for number, (_, unit, *tiers) in enumerate(products)
            }
        },
    }


FILES = {
    "AmazonPolly": {"eu-west-1": IRELAND},
    "AmazonPersonalize": {"us-east-1": VIRGINIA},
    "AmazonLex": {},
    "transcribe": {},
}
POLLY = offer(
    ("EU-SynthesizeSpeech-Characters", "Characters", ("0", "0.0000040000")),
    ("EU-SynthesizeSpeechNeural-Characters", "Characters", ("0", "0.0000192000")),
)
# The tiers are in no order, and the last is the cheapest.
PERSONALIZE = offer(
    ("USE1-TPS-hours", "hours", ("20000", "0.1000"), ("0", "0.2000"), ("200000", "0.0500")),
    ("TPS-hours", "hours", ("0", "0.2000"), ("20000", "0.1000"), ("200000", "0.0500")),
    date="2026-09-11T00:00:00Z",
)


class PriceList:
    """The public price list; `asked` has the URLs."""

    def __init__(self, **offers):
        self.offers = {IRELAND: POLLY, VIRGINIA: PERSONALIZE, **offers}
        self.asked = []

    def __call__(self, url):
        self.asked.append(url)
        path = url.removeprefix(HOST)
        if path.endswith("/region_index.json"):
            regions = FILES[path.split("/")[4]]
            entries = {name: {"regionCode": name, "currentVersionUrl": file} for name, file in regions.items()}
            return json.dumps({"regions": entries}).encode()
        found = self.offers[path]
        return found if isinstance(found, bytes) else json.dumps(found).encode()


def test_price_is_that_of_the_first_tier_and_names_its_file_and_date():
    listed = listed_prices(PriceList())

    price = listed.usage["us-east-1"]["personalize"]["TPS-hours"]
    assert (price.price, price.per, price.unit) == (Decimal("0.2000"), 1, "hours")
    assert price.tiers == (
        Tier(start=Decimal(20_000), price=Decimal("0.1000")),
        Tier(start=Decimal(200_000), price=Decimal("0.0500")),
    )
    assert (price.date, price.source) == ("2026-09-11", HOST + VIRGINIA)
    assert listed.ambiguous == []


def test_usage_types_lose_the_prefix_of_their_region_and_nothing_else():
    listed = listed_prices(PriceList())

    assert {
        region: {service: [*names] for service, names in found.items()} for region, found in listed.usage.items()
    } == {
        "eu-west-1": {"polly": ["SynthesizeSpeech-Characters", "SynthesizeSpeechNeural-Characters"]},
        "us-east-1": {"personalize": ["TPS-hours"]},
    }


def test_zones_and_edges_of_the_list_are_no_regions(monkeypatch):
    monkeypatch.setitem(FILES, "AmazonPolly", {"us-west-2-lax-1": "/offers/a", "aws-global": "/offers/b"})
    prices = PriceList()

    listed_prices(prices)

    assert [url for url in prices.asked if not url.endswith("/region_index.json")] == [HOST + VIRGINIA]


def test_only_the_wanted_regions_are_read():
    prices = PriceList()

    listed_prices(prices, ["eu-west-1"])

    assert [url for url in prices.asked if not url.endswith("/region_index.json")] == [HOST + IRELAND]


def test_usage_type_at_several_prices_has_none():
    several = offer(
        ("EU-Text-Requests", "Requests", ("0", "0.00075")),
        ("EU-Text-Requests", "Requests", ("0", "0.00100")),
        ("EU-SynthesizeSpeech-Characters", "Characters", ("0", "0.000004")),
    )

    listed = listed_prices(PriceList(**{IRELAND: several}), ["eu-west-1"])

    assert listed.ambiguous == ["eu-west-1 polly Text-Requests"]
    assert [*listed.usage["eu-west-1"]["polly"]] == ["SynthesizeSpeech-Characters"]


def test_product_without_a_price_in_usd_or_without_terms_has_none():
    odd = offer(("EU-A", "Requests", ("0", "1")), ("EU-B", "Requests", ("0", "1")), ("EU-C", "Requests", ("0", "1")))
    del odd["terms"]["OnDemand"]["SKU0"]
    (term,) = odd["terms"]["OnDemand"]["SKU1"].values()
    term["priceDimensions"]["0"]["pricePerUnit"] = {"CNY": "1"}
    odd["products"]["SKU2"]["attributes"] = None

    assert listed_prices(PriceList(**{IRELAND: odd}), ["eu-west-1"]).usage == {}


def test_refreshed_prices_replace_older_ones_and_leave_what_the_list_does_not_have():
    old = Prices.read()

    new = refreshed(old, listed_prices(PriceList()))

    assert new.of_usage("personalize", "TPS-hours", "us-east-1").date == "2026-09-11"
    assert new.per_million_characters("neural", "eu-west-1") == Decimal("19.2")
    assert new.usage["us-east-1"]["polly"] == old.usage["us-east-1"]["polly"]
    assert new.prices == old.prices


def test_written_file_has_the_same_prices(tmp_path):
    prices = refreshed(Prices.read(), listed_prices(PriceList()))
    path = tmp_path / "prices.toml"

    path.write_text(text_of_prices(prices))

    assert Prices.read(path) == prices
    first, *_ = Prices.read(path).notes(["polly"], date(2026, 11, 30))
    assert first.startswith("Prices of 2026-10-01 to 2026-11 in USD")


@pytest.mark.parametrize("service", ["a b", 'a"]\n[x', "a.b", "\x7f"])
def test_written_file_has_the_prices_of_services_with_any_name(tmp_path, service):
    given = Prices.read()
    prices = replace(given, usage={"eu-west-1": {service: given.usage["us-east-1"]["polly"]}})
    path = tmp_path / "prices.toml"

    path.write_text(text_of_prices(prices))

    assert Prices.read(path) == prices


WRONG = {
    "no JSON": (b"<html>", " is not JSON: "),
    "no object": (b"[]", " has no object 'products': it is not an offer file of AWS' price list."),
    "no terms": ({"products": {}}, " has no object 'terms'"),
    "no date": (offer(date="now"), ", publicationDate is 'now'; it must be a day"),
    "price that is no number": (offer(("EU-A", "Requests", ("0", "free"))), ", SKU0, pricePerUnit is 'free'; it must"),
    "price below nothing": (offer(("EU-A", "Requests", ("0", "-1"))), ", SKU0, pricePerUnit is '-1'; it must be"),
    "no tier from 0": (
        offer(("EU-A", "Requests", ("10", "1"))),
        ", SKU0: its first tier begins at 10 with the unit 'Requests'; it must begin at 0.",
    ),
    "unit that is none": (offer(("EU-A", 'x"\n', ("0", "1"))), ", SKU0: its first tier begins at 0 with the unit"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_offer_file_that_is_none_is_refused_with_its_url(content, message):
    with pytest.raises(PriceError) as raised:
        listed_prices(PriceList(**{IRELAND: content}), ["eu-west-1"])

    assert str(raised.value).startswith(f"{HOST}{IRELAND}{message}")
