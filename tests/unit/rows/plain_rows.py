"""A record with the minimum for a row, and the rows of records."""

from aitrail.rows import row_of

GUID = "0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0"
RECORD = {
    "eventTime": "2026-11-18T23:59:59Z",
    "eventSource": "polly.amazonaws.com",
    "eventName": "DescribeVoices",
    "eventID": GUID,
}


def row(record, **options):
    return row_of(record, log_file="s3://logs/key", record_index=7, **options)
