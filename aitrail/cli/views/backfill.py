"""Shows the deliveries that a backfill found and announced, as rows and as text."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from aitrail.cells import counted
from aitrail.cli.options import Access, scope_of
from aitrail.cli.output import Output, narrate
from aitrail.cli.views.archived import narrate_archived
from aitrail.costs import Prices, a_million_rows, cost_of_reading, readable, total
from aitrail.repair import REASONS, Backfill, Count

_COLUMNS = ("reason", "files", "bytes", "announced")
_DECIMALS = 6


def write_counts(work: Backfill, prices: Prices | None, output: Output) -> None:
    """Writes the counts by reason, in a table also their sums; with `prices`, also the cost of reading the files."""
    columns = (*_COLUMNS, "cost") if prices else _COLUMNS
    rows = list(_rows(work, prices, with_total=output.is_table))
    if output.is_table:
        cells = [[readable(cell) if isinstance(cell, Decimal) else cell for cell in row.values()] for row in rows]
        output.write_table(columns, cells)
    else:
        rounded = (row | {"cost": round(row["cost"], _DECIMALS)} if prices else row for row in rows)
        output.write(rounded, table=columns, csv=columns)


def _rows(work: Backfill, prices: Prices | None, *, with_total: bool) -> Iterator[dict[str, Any]]:
    all_of_them = Count()
    for count in work.counts.values():
        all_of_them.join(count)
    counts = {reason: work.counts[reason] for reason in REASONS if reason in work.counts}
    for reason, count in (counts | ({"total": all_of_them} if counts and with_total else {})).items():
        row = {"reason": reason, "files": count.files, "bytes": count.bytes, "announced": count.wanted}
        yield row | ({"cost": total(cost_of_reading(count.wanted, count.wanted_bytes, prices))} if prices else {})


def narrate_counts(work: Backfill, access: Access, prices: Prices | None = None) -> None:
    """Reports what was queued and what to do about the rest; with `prices`, what a dry run would have queued."""
    bucket, counts = work.folders.bucket, work.counts
    files, wanted = (sum(getattr(count, name) for count in counts.values()) for name in ("files", "wanted"))
    if not files:
        narrate(
            f"No log files were delivered {work.window} (UTC) to s3://{bucket}/{work.folders.prefix}AWSLogs/. Check "
            f"the window (--since, --until), --account, --in-region and --prefix{_accepted(work, access)}."
        )
    elif not wanted:
        narrate(f"Nothing to queue: {counted(files, 'file')} delivered {work.window} (UTC), all ingested or archived.")
    elif prices:
        narrate(
            f"{counted(wanted, 'file')} of {files:,} would be queued. Costs are in {prices.currency}, without writing "
            f"rows, which costs {a_million_rows(prices):.2f} per million. {prices}: check them."
        )
    else:
        narrate(f"{counted(wanted, 'file')} of {files:,} queued: the function ingests them from the backfill queue.")
    narrate_archived(counts["archived"].files if "archived" in counts else 0, bucket)


def _accepted(work: Backfill, access: Access) -> str:
    """What else the stack accepts, and what it accepts only, in parentheses."""
    scope = scope_of(access)
    others = [repr(prefix) for prefix in scope.prefixes if prefix not in ("", work.folders.prefix)]
    also = f" (the stack also accepts {', '.join(others)})" if others else ""
    return also + (f" (the stack accepts only accounts of {', '.join(scope.accounts)})" if scope.accounts else "")
