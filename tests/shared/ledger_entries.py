"""Makes ledger entries as in the by-day index, given the time in their names."""

from datetime import datetime, timedelta

from tests.shared.signed_digests import ACCOUNT, REGION, TRAIL, at, key_of, written

BUCKET = "example-trail-logs"
RECORDED_WITH = "1-abc"


def log_file(when, *, account=ACCOUNT, region=REGION, unique="a"):
    """The name of a log file delivered at that moment, or at that time on 14 March 2026."""
    moment = when if isinstance(when, datetime) else at(when)
    name = f"{account}_CloudTrail_{region}_{moment:%Y%m%dT%H%MZ}_{unique}.json.gz"
    return f"s3://{BUCKET}/AWSLogs/{account}/CloudTrail/{region}/{moment:%Y/%m/%d}/{name}"


def file_entry(when, *, account=ACCOUNT, region=REGION, unique="a", lag=timedelta(minutes=2), **changes):
    """The entry of an ingested file, with `changes`; a change to None removes the attribute."""
    moment = when if isinstance(when, datetime) else at(when)
    fields = {
        "logFile": log_file(when, account=account, region=region, unique=unique),
        "entry": "file",
        "deliveryDay": f"{moment:%Y-%m-%d}",
        "status": "ingested",
        "recordedWith": RECORDED_WITH,
        "ingestedAt": written(moment + lag),
        "records": 5,
        "wanted": 4,
        "written": 2,
        "rejected": 0,
        "expired": 1,
        "duplicatesInFile": 1,
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


def digest_entry(end, *, account=ACCOUNT, region=REGION, trail=TRAIL, suffix="", **changes):
    """The entry of a verified digest for the hour that ends at `end`, with `changes` as for `file_entry`."""
    moment = end if isinstance(end, datetime) else at(end)
    key = key_of(moment, region=region, trail=trail, suffix=suffix).replace(ACCOUNT, account)
    fields = {
        "logFile": f"s3://{BUCKET}/{key}",
        "entry": "digest",
        "deliveryDay": f"{moment:%Y-%m-%d}",
        "status": "verified",
        "digestStart": written(moment - timedelta(hours=1)),
        "digestEnd": written(moment),
        "ingestedAt": written(moment + timedelta(minutes=20)),
    } | changes
    return {name: value for name, value in fields.items() if value is not None}
