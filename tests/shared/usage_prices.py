"""Prices of Polly's characters, by engine."""

from decimal import Decimal

from aitrail.costs import Price, Prices, billed_services

USUAL_REGION = "eu-central-1"


def prices_of_polly(engines, regions=None):
    """Prices of a million characters by engine, and those of Regions with prices of their own."""
    names = billed_services()["polly"].usage_types

    def usage(engines):
        per = Decimal(10**6)
        prices = {names[engine]: Price(price=price, per=per, unit="Characters") for engine, price in engines.items()}
        return {"polly": prices}

    return Prices(
        currency="USD",
        date="2026-11",
        region=USUAL_REGION,
        source="a test",
        usage={name: usage(engines) for name, engines in {USUAL_REGION: engines, **(regions or {})}.items()},
    )
