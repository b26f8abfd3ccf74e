"""Random folders of log files whose names are true, as CloudTrail writes them, and questions about them."""

import gzip
import json
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tests.shared.row_source_contract import CALLS, IDENTITIES, record_of_call

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
ACCOUNTS = ("111122223333", "444455556666")
REGIONS = ("eu-west-1", "us-east-1")
_HOUR = timedelta(hours=1)
_DELAYS = st.sampled_from([timedelta(0), timedelta(minutes=7), 5 * _HOUR, timedelta(days=6, hours=23)])
_CALLS = st.fixed_dictionaries(
    {
        "hour": st.integers(0, 30 * 24),
        "call": st.sampled_from(CALLS),
        "identity": st.sampled_from(IDENTITIES),
        "account": st.sampled_from(ACCOUNTS),
        "region": st.sampled_from(REGIONS),
        "delay": _DELAYS,
        # Another delivery of the same record, so much later.
        "again": st.none() | _DELAYS,
        # A correction of the call, so many hours later.
        "corrected": st.none() | st.integers(0, 300),
        # As it was delivered, decompressed, or renamed.
        "kept": st.sampled_from(["", "", "decompressed", "renamed"]),
    }
)
FOLDERS = st.lists(_CALLS, min_size=1, max_size=12)
MOMENTS = st.integers(-24, 45 * 24).map(lambda hours: FIRST + hours * _HOUR)
ORIGINS = st.fixed_dictionaries(
    {}, optional={"account": st.sampled_from(ACCOUNTS), "region": st.sampled_from([*REGIONS, "!us-east-1"])}
)


def written(folder, calls):
    """Writes the log files of these calls below a folder."""
    for number, call in enumerate(calls):
        for at, delivered, record in _deliveries(number, call):
            _write(folder, call, f"{number:08}{at:08}", delivered, record)


def _deliveries(number, call):
    made = FIRST + call["hour"] * _HOUR
    record = record_of_call(
        call["call"],
        eventID=f"{number:08x}-0000-4000-8000-000000000000",
        eventTime=_text(made),
        userIdentity=call["identity"],
        recipientAccountId=call["account"],
        awsRegion=call["region"],
    )
    yield 0, made + call["delay"], record
    if call["again"] is not None:
        yield 1, made + call["again"], record
    if call["corrected"] is not None:
        made += call["corrected"] * _HOUR
        correction = {
            "eventID": f"{number:08x}-1111-4000-8000-000000000000",
            "eventTime": _text(made),
            "errorCode": "AccessDenied",
            "addendum": {"reason": "UPDATED_DATA", "originalEventID": record["eventID"]},
        }
        yield 2, made + call["delay"], record | correction


def _write(folder, call, unique, delivered, record):
    account, region = call["account"], call["region"]
    name = f"{account}_CloudTrail_{region}_{delivered:%Y%m%dT%H%MZ}_{unique}.json"
    if call["kept"] == "renamed":
        name = f"{unique}.json"
    home = folder / "AWSLogs" / account / "CloudTrail" / region / f"{delivered:%Y/%m/%d}"
    home.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"Records": [record]}).encode()
    if call["kept"]:
        (home / name).write_bytes(content)
    else:
        (home / f"{name}.gz").write_bytes(gzip.compress(content))


def _text(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
