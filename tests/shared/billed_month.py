"""A bill for calls whose amounts are known, in the forms in which AWS exports bills, and with what can go wrong.

Written from AWS' pages about CUR 2.0, FOCUS and the delivery of exports. Costs are list prices, as exact decimals, so
that the truth is known to the last digit: lines of an hour, an account, a Region and a usage type.
"""

import csv
import gzip
import io
import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HOUR = timedelta(hours=1)
PREFIXES = {"eu-central-1": "EUC1-", "us-east-1": "USE1-"}
CODES = {
    "polly": "AmazonPolly",
    "transcribe": "transcribe",
    "lex": "AmazonLex",
    "personalize": "AmazonPersonalize",
    "ec2": "AmazonEC2",
    "lex-v2": "AmazonLexV2",
}
# Service -> usage type, unit, price of a unit.
BILLED = {
    "polly": ("SynthesizeSpeechNeural-Characters", "Characters", Decimal("0.000016")),
    "transcribe": ("TranscribeAudio", "Seconds", Decimal("0.0001")),
    "lex": ("Text-Requests", "Requests", Decimal("0.00075")),
    "personalize": ("TPS-hours", "hours", Decimal("0.20")),
}


@dataclass(frozen=True)
class Item:
    """A line of a bill; `since` and `until` are its time."""

    since: datetime
    account: str = "111122223333"
    region: str = "eu-central-1"
    service: str = "polly"
    usage_type: str = "SynthesizeSpeechNeural-Characters"
    kind: str = "Usage"
    quantity: Decimal = Decimal(0)
    unit: str = "Characters"
    cost: Decimal = Decimal(0)
    currency: str = "USD"
    invoice: str = "EUINV26-1"
    until: datetime | None = None
    net: Decimal | None = None
    tags: str = ""
    class_: str = ""

    @property
    def end(self):
        return self.until or self.since + HOUR


def text(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


CUR = {
    "identity_line_item_id": lambda _: "id",
    "bill_payer_account_id": lambda _: "999988887777",
    "bill_invoice_id": lambda each: each.invoice,
    "bill_billing_period_start_date": lambda each: each.since.replace(day=1, hour=0),
    "line_item_usage_account_id": lambda each: each.account,
    "line_item_line_item_type": lambda each: each.kind,
    "line_item_usage_start_date": lambda each: each.since,
    "line_item_usage_end_date": lambda each: each.end,
    "line_item_product_code": lambda each: CODES[each.service],
    "line_item_usage_type": lambda each: PREFIXES.get(each.region, "") + each.usage_type,
    "line_item_operation": lambda _: "",
    "line_item_usage_amount": lambda each: each.quantity,
    "pricing_unit": lambda each: each.unit,
    "pricing_public_on_demand_cost": lambda each: each.cost,
    "line_item_unblended_cost": lambda each: each.cost,
    "line_item_net_unblended_cost": lambda each: each.cost if each.net is None else each.net,
    "line_item_currency_code": lambda each: each.currency,
    "product_region_code": lambda each: each.region,
    "resource_tags": lambda each: each.tags,
    "savings_plan_savings_plan_effective_cost": lambda _: Decimal(0),
    "reservation_effective_cost": lambda _: Decimal(0),
}
CATEGORIES = {"Fee": "Purchase"}
FOCUS_1_2 = {
    "BillingAccountId": lambda _: "999988887777",
    "SubAccountId": lambda each: each.account,
    "ChargeCategory": lambda each: CATEGORIES.get(each.kind, each.kind),
    "ChargeClass": lambda each: each.class_ or None,
    "ChargePeriodStart": lambda each: each.since,
    "ChargePeriodEnd": lambda each: each.end,
    "x_ServiceCode": lambda each: CODES[each.service],
    "SkuMeter": lambda each: each.usage_type,
    "RegionId": lambda each: each.region or None,
    "ConsumedQuantity": lambda each: each.quantity,
    "ConsumedUnit": lambda each: each.unit,
    "BilledCost": lambda each: each.cost,
    "EffectiveCost": lambda each: each.cost if each.net is None else each.net,
    "ListCost": lambda each: each.cost,
    "BillingCurrency": lambda each: each.currency,
    "InvoiceId": lambda each: each.invoice or None,
    "Tags": lambda each: each.tags,
}
FOCUS_1_0 = {
    **{name: of for name, of in FOCUS_1_2.items() if name not in ("SkuMeter", "InvoiceId")},
    "x_UsageType": CUR["line_item_usage_type"],
}


def parquet(columns, items, *, group_lines=1_000):
    """The bytes of a Parquet file: times in milliseconds, numbers as doubles, as AWS writes them."""
    arrays = {name: [of(each) for each in items] for name, of in columns.items()}
    types = {}
    for name, values in arrays.items():
        kinds = {type(value) for value in values} - {type(None)}
        types[name] = pa.string()
        if kinds == {datetime}:
            types[name] = pa.timestamp("ms", "UTC")
        elif kinds == {Decimal} or name.endswith(("cost", "Cost", "Quantity", "amount")):
            types[name] = pa.float64()
            arrays[name] = [None if value is None else float(value) for value in values]
        elif kinds == {str} and name == "resource_tags":
            types[name] = pa.map_(pa.string(), pa.string())
            arrays[name] = [[("user:team", value)] for value in values]
    schema = pa.schema(types.items())
    stream = io.BytesIO()
    with pq.ParquetWriter(stream, schema) as writer:
        writer.write_table(pa.table(arrays, schema=schema), row_group_size=group_lines)
    return stream.getvalue()


def csv_gz(columns, items):
    """The bytes of a compressed csv file."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for each in items:
        values = [of(each) for of in columns.values()]
        writer.writerow(
            text(value) if isinstance(value, datetime) else f"{value:f}" if isinstance(value, Decimal) else value
            for value in values
        )
    return gzip.compress(stream.getvalue().encode(), mtime=0)


WAYS = {
    "CUR 2.0, Parquet": (CUR, parquet, "snappy.parquet"),
    "CUR 2.0, csv": (CUR, csv_gz, "csv.gz"),
    "FOCUS 1.0, Parquet": (FOCUS_1_0, parquet, "snappy.parquet"),
    "FOCUS 1.2, csv": (FOCUS_1_2, csv_gz, "csv.gz"),
}


@dataclass
class Export:
    """An export in a local folder, as AWS delivers it."""

    root: Path
    way: str = "CUR 2.0, Parquet"
    name: str = "bill"
    arn: str = "arn:aws:bcm-data-exports:us-east-1:999988887777:export/bill-1"
    written: list = field(default_factory=list)

    def deliver(self, items, month="2026-11", *, run="", files=2):
        """Writes the files of a run, and its manifest; returns the paths of the files."""
        columns, write, ending = WAYS[self.way]
        folder = Path(f"BILLING_PERIOD={month}") / run
        paths = [self.root / "data" / folder / f"{self.name}-{number:05}.{ending}" for number in range(1, files + 1)]
        for number, path in enumerate(paths):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(write(columns, items[number::files]))
        self.manifest(folder, [path.relative_to(self.root).as_posix() for path in paths], columns)
        return paths

    def manifest(self, folder, names, columns=()):
        """Writes a manifest that names these files."""
        path = self.root / "metadata" / folder / f"{self.name}-Manifest.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {
            "executionId": "0b1c2d3e",
            "exportArn": self.arn,
            "columns": [{"name": each, "type": "string"} for each in columns],
            "dataFiles": [f"s3://amzn-s3-demo-bucket/bills/{self.name}/{name}" for name in names],
        }
        path.write_text(json.dumps(document))
        return path


def items_of(calls, *, invoice="EUINV26-1"):
    """The lines of a bill for calls of metered_month, by hour: what they truly cost."""
    sums = defaultdict(Decimal)
    for call in calls:
        if call.service in ("polly", "transcribe", "lex"):
            hour = call.at.replace(minute=0, second=0, microsecond=0)
            sums[hour, call.account, call.region, call.service] += call.amount
    return [
        Item(
            since=hour,
            account=account,
            region=region,
            service=service,
            usage_type=BILLED[service][0],
            unit=BILLED[service][1],
            quantity=quantity,
            cost=quantity * BILLED[service][2],
            invoice=invoice,
        )
        for (hour, account, region, service), quantity in sorted(sums.items())
    ]


def month_of(item, **changes):
    """A line of the whole month, as taxes and credits have."""
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    return replace(item, since=begin, until=datetime(2026, 12, 1, tzinfo=UTC), **changes)
