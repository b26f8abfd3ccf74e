"""Measures the memory and time that a separate process needs to read a bill with very many lines.

`python -m bench.bills FOLDER` reads it as `aitrail usage --bill` does and prints the cost; without FOLDER, that of the
imports.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

from aitrail.billing import folder_at, read_bill
from aitrail.clock import SYSTEM_CLOCK
from bench.measuring import Figure, Scale, child, peak_bytes

_FILE_LINES: Final = 1_000_000
# Lines repeat after some blocks.
_BLOCK_LINES: Final = 20_000
_BLOCKS: Final = 10
_GROUP_LINES: Final = 100_000
_BEGIN: Final = datetime(2026, 11, 1, tzinfo=UTC)
_DAYS: Final = 30
_ACCOUNTS: Final = [f"{number:012}" for number in range(111122223333, 111122223383)]
_REGIONS: Final = ("us-east-1", "eu-central-1", "eu-west-1", "ap-northeast-1")
# Service code, usage type, unit: of the services, and of another one.
_OWN: Final = (
    ("AmazonPolly", "USE1-SynthesizeSpeechNeural-Characters", "Characters"),
    ("transcribe", "USE1-TranscribeAudio", "Seconds"),
    ("AmazonLex", "USE1-Text-Requests", "Requests"),
)
_OTHER: Final = ("AmazonEC2", "USE1-BoxUsage:m7g.large", "Hrs")
# Columns that are not read: AWS' export of all columns has more than a hundred.
_UNREAD: Final = 20


def figures(scale: Scale) -> Iterator[Figure]:
    """Memory above that of the interpreter with its imports, and CPU time: few lines of the services, and only such."""
    imports = _read()
    for title, share, lines, ending in (
        ("Parquet, 2 % of the services", 0.02, scale.bill_lines, "parquet"),
        ("Parquet, all of the services", 1.0, scale.bill_lines, "parquet"),
        ("csv.gz, 2 % of the services", 0.02, scale.bill_lines // 10, "csv.gz"),
    ):
        with TemporaryDirectory() as folder:
            write(Path(folder), lines, share, ending)
            found = _read(folder)
        name = f"bill of {lines:,} lines, {title}"
        peak = (found["peak"] - imports["peak"]) / 1e6
        yield Figure(name=f"{name}: memory above imports", value=peak, unit="MB", most=512)
        yield Figure(name=f"{name}: CPU", value=found["seconds"], unit="s")
        yield Figure(name=f"{name}: wall", value=found["wall"], unit="s")


def write(folder: Path, lines: int, share: float, ending: str) -> None:
    """Writes an export with so many lines, of which a share is of the services, mixed as AWS mixes them."""
    data, metadata = (folder / name / "BILLING_PERIOD=2026-11" for name in ("data", "metadata"))
    data.mkdir(parents=True)
    metadata.mkdir(parents=True)
    names, random = [], Random(1)  # noqa: S311 (the same lines each time)
    blocks = [_block(min(_BLOCK_LINES, lines), share, random) for _ in range(_BLOCKS)]
    for number, begin in enumerate(range(0, lines, _FILE_LINES), 1):
        names.append(f"bench-{number:05}.{ending}")
        _write_file(data / names[-1], min(_FILE_LINES, lines - begin), blocks)
    uris = [f"s3://amzn-s3-demo-bucket/bench/data/BILLING_PERIOD=2026-11/{name}" for name in names]
    (metadata / "bench-Manifest.json").write_text(json.dumps({"dataFiles": uris}))


def _write_file(path: Path, lines: int, blocks: list[Any]) -> None:
    import pyarrow as pa  # noqa: PLC0415 (not needed by the child before it reads)
    import pyarrow.parquet as pq  # noqa: PLC0415 (as above)
    from pyarrow import csv  # noqa: PLC0415 (as above)

    table = pa.concat_tables(blocks * -(-lines // (_BLOCK_LINES * _BLOCKS)) if lines > _BLOCK_LINES else blocks)
    table = table.slice(0, lines)
    if path.suffix == ".parquet":
        pq.write_table(table, path, compression="snappy", row_group_size=_GROUP_LINES)
    else:
        with pa.CompressedOutputStream(str(path), "gzip") as stream:
            csv.write_csv(table, stream)


def _block(lines: int, share: float, random: Random) -> Any:  # noqa: ANN401 (of pyarrow)
    import pyarrow as pa  # noqa: PLC0415 (as above)

    products = [random.choice(_OWN) if random.random() < share else _OTHER for _ in range(lines)]
    hours = [random.randrange(_DAYS * 24) for _ in range(lines)]
    since = [_BEGIN + timedelta(hours=hour) for hour in hours]
    amounts = [random.randrange(1, 5_000) for _ in range(lines)]
    moments, numbers = pa.timestamp("ms", "UTC"), pa.float64()
    columns: dict[str, Any] = {
        "bill_invoice_id": pa.array(["EUINV26-1"] * lines),
        "line_item_usage_account_id": pa.array(random.choices(_ACCOUNTS, k=lines)),
        "line_item_line_item_type": pa.array(["Usage"] * lines),
        "line_item_usage_start_date": pa.array(since, moments),
        "line_item_usage_end_date": pa.array([each + timedelta(hours=1) for each in since], moments),
        "line_item_product_code": pa.array([code for code, _, _ in products]),
        "line_item_usage_type": pa.array([usage_type for _, usage_type, _ in products]),
        "line_item_usage_amount": pa.array(amounts, numbers),
        "pricing_unit": pa.array([unit for _, _, unit in products]),
        "line_item_unblended_cost": pa.array([amount * 0.000016 for amount in amounts], numbers),
        "line_item_currency_code": pa.array(["USD"] * lines),
        "product_region_code": pa.array(random.choices(_REGIONS, k=lines)),
    }
    unread = pa.array([f"{random.randrange(lines):x}-{number % 97}" for number in range(lines)])
    return pa.table(columns | {f"unread_{number}": unread for number in range(_UNREAD)})


def _read(*folders: str) -> dict[str, float]:
    found: dict[str, float] = child("-m", "bench.bills", *folders, environment=os.environ).said
    return found


def main(arguments: list[str]) -> None:
    """Prints the cost of reading the bills: CPU and wall-clock seconds, peak bytes, lines."""
    import pyarrow.parquet  # noqa: F401, PLC0415 (part of the imports)
    from pyarrow import csv  # noqa: F401, PLC0415 (as above)

    begin, start, lines = time.process_time(), time.perf_counter(), 0
    for path in arguments:
        folder = folder_at(path, _no_s3, SYSTEM_CLOCK)
        lines += read_bill(folder, None, cost=None, report=print, progress=lambda *_: None).lines
    said = {"seconds": time.process_time() - begin, "wall": time.perf_counter() - start}
    sys.stdout.write(json.dumps({**said, "lines": lines, "peak": peak_bytes()}))


def _no_s3() -> Any:  # noqa: ANN401 (never called)
    raise AssertionError


if __name__ == "__main__":
    main(sys.argv[1:])
