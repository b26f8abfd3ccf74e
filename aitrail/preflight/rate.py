"""The rate at which log files are delivered to a bucket, from its objects of a day, and what they cost."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from aitrail.costs import DAYS, Load, Prices, costs, readable, total
from aitrail.deliveries import DIGEST_FOLDER, DayFolders
from aitrail.preflight.finding import Finding, advice
from aitrail.preflight.plan import Plan
from aitrail.window import Window

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# Of more accounts, so many are looked at, spread evenly: each takes a request for each Region and 1,000 objects.
_MOST_ACCOUNTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Log files and digests that a bucket got on a day; estimates from `looked_at` accounts if there are more."""

    day: date
    files: int
    digests: int
    accounts: int
    looked_at: int


def rate_of(s3: "S3Client", plan: Plan, day: date) -> Rate:
    """The rate of deliveries to the bucket of the plan on a day. Raises the client's errors."""
    begin = datetime.combine(day, time(), UTC)
    window = Window(since=begin, until=begin + timedelta(days=1))
    counts, accounts, looked_at = Counter[bool](), 0, 0
    for prefix in plan.prefixes:
        folders = DayFolders(s3=s3, bucket=plan.bucket or "", prefix=prefix)
        found = list(folders.account_folders())
        chosen = found[:: -(-len(found) // _MOST_ACCOUNTS) or 1]
        accounts, looked_at = accounts + len(found), looked_at + len(chosen)
        some = replace(folders, accounts=tuple(each.rstrip("/").rpartition("/")[2] for each in chosen))
        for date_, places in some.of(window).items() if chosen else ():
            for place in places:
                number = sum(1 for _ in some.objects(date_, place))
                counts[DIGEST_FOLDER in place.split("/")] += number * len(found) // len(chosen)
    return Rate(day=day, files=counts[False], digests=counts[True], accounts=accounts, looked_at=looked_at)


def findings_of_rate(plan: Plan, rate: Rate) -> Iterator[Finding]:
    """What the rate costs a month, without the rows, whose number it does not say."""
    if not rate.files and not rate.digests:
        yield advice("no-log-files-yesterday", f"The bucket {plan.bucket} got no log file on {rate.day}, in UTC.")
        return
    load = Load(
        files=int(rate.files * DAYS), events=0, digest_files=int(rate.digests * DAYS), accounts=max(rate.accounts, 1)
    )
    prices = Prices.read()
    amount = readable(total(costs(load, prices)))
    how = f", estimated from {rate.looked_at} of {rate.accounts} accounts" if rate.looked_at < rate.accounts else ""
    yield advice(
        "cost",
        f"The bucket {plan.bucket} got {rate.files:,} log files and {rate.digests:,} digests on {rate.day}{how}: "
        f"reading as many every day costs about {amount} {prices.currency} a month, at the prices of "
        f"{prices.date} in {prices.region}. Each recorded call adds to that.",
        f"For the whole, run `aitrail cost --files {load.files} --events N`.",
    )
