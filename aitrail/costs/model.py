"""The model of a deployment's monthly cost: every part with its formula. Pure.

Quantities and money are Decimal; a month has 365 / 12 days; KB and GB are powers of 1,024. This is an estimate, not a
bill: the comment on each constant says whether a test computes it, it was measured, or it is an assumption.
"""

from decimal import Decimal, localcontext

from aitrail.costs.bill import PRECISE, Bill, Line
from aitrail.costs.load import GB, GZIP_RATIO, KB, SECONDS, Load, price_in
from aitrail.costs.prices import Prices

# Means of the six records in tests/records; a test computes them. Bytes are as DynamoDB bills storage, including 100
# for each item and each index entry. A row has three index entries; without a resource, it would have two.
WRITE_UNITS_OF_A_ROW = Decimal("5.33")
ROW_BYTES = 2_077
ROW_INDEX_BYTES = 1_876
# The entry of a log file verified by its digest, that entry in the index by-day, and the same for a digest; a test
# computes these as well. A file's entry and index entry are written when the file arrives and when its digest arrives;
# a digest's when it arrives and when the next digest arrives.
LEDGER_BYTES = 1_110
LEDGER_INDEX_BYTES = 842
LEDGER_WRITE_UNITS = 4
DIGEST_BYTES = 1_032
DIGEST_INDEX_BYTES = 800
# An eventually consistent GetItem of at most 4 KB. In addition, each digest of a day reads the index entries of that
# day's log files so far: on average twelve digests read each entry, and about six entries fit into 4 KB.
LEDGER_READ_UNITS = Decimal("1.5")
# The first digest of an account in an hour: reading and writing the entry of the account, and that entry in by-day,
# which a test computes. The hourly review reads the latter, several at a time.
ACCOUNT_WRITE_UNITS = 2
ACCOUNT_READ_UNITS = Decimal("0.55")
# A GetItem of the digest and one of its account and Region, two consistent ones of the previous digest and of the
# account's and Region's chains, and about 30 index entries of digests.
DIGEST_READ_UNITS = Decimal("5.5")

# CPU seconds of the handler with clients that respond immediately, measured in 2026-11 on one x86-64 core: 2.4 ms per
# file, 7.2 ms for a file of 2.5 MB without wanted records, plus 0.17 ms per wanted record (165 ms for 1,000). It is
# assumed that an arm64 core is as fast. 1,769 MB are one core (AWS Lambda Developer Guide), so 1,024 MB are 0.58.
CPU_OF_A_DELIVERY = Decimal("0.0024")
CPU_OF_A_MEGABYTE = Decimal("0.002")
CPU_OF_AN_EVENT = Decimal("0.00017")
MEMORY_OF_A_CORE = 1_769
# Additional CPU seconds of a digest compared with a delivery, and for each log file that it lists; also measured.
CPU_OF_A_DIGEST = Decimal("0.004")
CPU_OF_A_PROOF = Decimal("0.0007")
# The handler was measured in 2026-11 with clients that respond late: S3 after 30 ms, DynamoDB after 5 ms, which are
# assumptions. A file that is alone in its batch waits 47 ms, one of ten files 13 ms, because four are fetched ahead.
# Here, every delivery is a batch of its own. For a digest, ten additional requests are assumed.
WAITING_OF_A_FILE = Decimal("0.047")
WAITING_OF_A_DIGEST = Decimal("0.15")

# S3 sends, Lambda receives, Lambda deletes. This is the maximum, since several messages may be received at once.
SQS_REQUESTS_OF_A_DELIVERY = 3
# Two queues, each with five pollers that wait 20 seconds; AWS does not guarantee a number.
SQS_REQUESTS_OF_POLLING = 2 * 5 * 3 * 60 * 24 * 30
# Two lines from the function (1.1 KB, measured) and three from Lambda, plus 26 bytes for each.
# The maximum: CloudTrail requests a data key for each object, and S3 has it decrypted for each that is read; S3 Bucket
# Keys make it fewer. SQS needs up to three an hour for each of two queues, with one sender, one receiver and data keys
# that are reused for an hour (Amazon SQS Developer Guide). DynamoDB keeps the keys of two tables for five minutes each.
KMS_REQUESTS_OF_A_DELIVERY = 2
KMS_REQUESTS_OF_QUEUES_AND_TABLES = 730 * (3 * 2 + 12 * 2)
LOG_BYTES_OF_A_DELIVERY = 1_660
# X-Ray's default sampling: one request per second, and 5 % of the others.
SAMPLED = Decimal("0.05")
ALARMS = 15
# The metrics of most hours; others cost only in hours in which they are published.
METRICS = (
    *("IngestedFiles", "Records", "WantedRecords", "RowsWritten"),
    *("DigestFiles", "VerifiedDigests", "VerifiedFiles"),
)
# Those that are published for the dashboard: three, and one for each service and outcome that has rows in an hour. This
# is the maximum, with five outcomes of four services.
DASHBOARD_METRICS = 3 + 4 * 5
# A line of EMF for the rows of a service and outcome, measured, plus 26 bytes. It is assumed that a file has one.
LOG_BYTES_OF_ROWS = 280
# How long a log file stays in the versioned bucket after it has expired.
VERSION_DAYS = 30


def costs(load: Load, prices: Prices, *, free: bool = True) -> list[Line]:
    """The parts of a month's cost, once `load.months` have been recorded, the largest first."""
    bill = Bill(prices=prices, free=free)
    with localcontext(PRECISE):
        _rows(bill, load)
        _ledger(bill, load)
        _deliveries(bill, load)
        _function(bill, load)
        _log_bucket(bill, load)
        if load.kms_keys:
            _keys(bill, load)
    return sorted(bill.lines, key=lambda line: -line.amount)


def _rows(bill: Bill, load: Load) -> None:
    kept = load.months_kept(load.row_retention_days)
    events, stored = f"{load.events:,} events", f"{load.events * kept:,.0f} events"
    knob, class_ = "aitrail:rowRetentionDays", load.events_table_class
    bill.add(
        "rows and index entries, writes",
        price_in(class_, "write-units"),
        load.events * WRITE_UNITS_OF_A_ROW,
        f"{events} x {WRITE_UNITS_OF_A_ROW}",
    )
    for part, price, size in (
        ("rows, storage", price_in(class_, "table-storage"), ROW_BYTES),
        ("index entries, storage", price_in(class_, "table-storage"), ROW_INDEX_BYTES),
        ("rows, point-in-time recovery", "recovery-storage", ROW_BYTES),
    ):
        bill.add(part, price, load.events * kept * size / GB, f"{stored} x {size:,} bytes", setting=knob)


def _ledger(bill: Bill, load: Load) -> None:
    kept = load.months_kept(load.ledger_retention_days)
    files, digests = load.files, load.digests
    knob, class_ = "aitrail:ledgerRetentionDays", load.files_table_class
    storage = price_in(class_, "table-storage")
    hours = load.account_hours
    bill.add(
        "ledger, writes",
        price_in(class_, "write-units"),
        (files + digests) * LEDGER_WRITE_UNITS + hours * ACCOUNT_WRITE_UNITS,
        f"{files + digests:,} files and digests x {LEDGER_WRITE_UNITS} + {hours:,} hours x {ACCOUNT_WRITE_UNITS}",
    )
    bill.add(
        "ledger, reads",
        price_in(class_, "read-units"),
        files * LEDGER_READ_UNITS + digests * DIGEST_READ_UNITS + hours * ACCOUNT_READ_UNITS,
        f"{files:,} files x {LEDGER_READ_UNITS} + {digests:,} digests x {DIGEST_READ_UNITS} + {hours:,} hours x "
        f"{ACCOUNT_READ_UNITS}",
    )
    for part, price, of_file, of_digest in (
        ("ledger, storage", storage, LEDGER_BYTES + LEDGER_INDEX_BYTES, DIGEST_BYTES + DIGEST_INDEX_BYTES),
        ("ledger, point-in-time recovery", "recovery-storage", LEDGER_BYTES, DIGEST_BYTES),
    ):
        size = (files * of_file + digests * of_digest) * kept / GB
        stored = f"{files * kept:,.0f} files x {of_file:,} + {digests * kept:,.0f} digests x {of_digest:,} bytes"
        bill.add(part, price, size, stored, setting=knob)


def _deliveries(bill: Bill, load: Load) -> None:
    deliveries = load.files + load.digests
    counted = f"{deliveries:,} deliveries"
    bill.add("S3 requests, CloudTrail's deliveries", "s3-put-requests", deliveries, counted)
    bill.add("S3 requests, reading", "s3-get-requests", deliveries, counted)
    bill.add(
        "SQS requests",
        "sqs-requests",
        deliveries * SQS_REQUESTS_OF_A_DELIVERY + SQS_REQUESTS_OF_POLLING,
        f"{counted} x {SQS_REQUESTS_OF_A_DELIVERY} + {SQS_REQUESTS_OF_POLLING:,} of polling",
    )
    if load.paid_copy:
        bill.add(
            "CloudTrail, another copy of events",
            "event-copies",
            load.all_records,
            f"{load.all_records:,} records",
            setting="aitrail:trail",
        )
    for part, price, events, setting in (
        ("CloudTrail, data events", "data-events", load.data_events, "aitrail:dataEvents"),
        (
            "CloudTrail, network activity events",
            "network-activity-events",
            load.network_activity_events,
            "aitrail:networkActivityEvents",
        ),
    ):
        if events:
            bill.add(part, price, events, f"{events:,} events", setting=setting)


def function_seconds(load: Load) -> Decimal:
    """The function's total run time in a month, over all instances, in seconds."""
    deliveries = load.files + load.digests
    cpu = (
        deliveries * CPU_OF_A_DELIVERY
        + load.digests * CPU_OF_A_DIGEST
        + load.files * CPU_OF_A_PROOF
        + load.gigabytes * KB * CPU_OF_A_MEGABYTE
        + load.events * CPU_OF_AN_EVENT
    )
    cores = min(Decimal(load.memory_megabytes) / MEMORY_OF_A_CORE, Decimal(1))
    return load.files * WAITING_OF_A_FILE + load.digests * WAITING_OF_A_DIGEST + cpu / cores


def _function(bill: Bill, load: Load) -> None:
    runs = load.files + load.digests
    seconds = function_seconds(load)
    sampled = min(Decimal(runs), SECONDS + max(runs - SECONDS, 0) * SAMPLED)
    counted = f"{runs:,} deliveries"
    bill.add("Lambda, requests", "lambda-requests", runs, counted)
    bill.add(
        "Lambda, run time",
        "lambda-gb-seconds",
        seconds * load.memory_megabytes / KB,
        f"{seconds:,.0f} seconds x {load.memory_megabytes:,} MB",
        setting="aitrail:memoryMegabytes",
    )
    bill.add(
        "CloudWatch, the function's log",
        "log-ingestion",
        Decimal(runs) * LOG_BYTES_OF_A_DELIVERY / GB,
        f"{counted} x {LOG_BYTES_OF_A_DELIVERY:,} bytes",
        setting="aitrail:logLevel",
    )
    bill.add("CloudWatch, metrics", "metrics", len(METRICS), f"{len(METRICS)} metrics")
    if load.alarms:
        bill.add("CloudWatch, alarms", "alarms", ALARMS, f"{ALARMS} alarms", setting="aitrail:alarms")
    if load.dashboard:
        _dashboard(bill, load)
    if load.redact:
        bill.add("Secrets Manager, key of redaction", "secrets", 1, "1 secret", setting="aitrail:redact")
    bill.add("X-Ray, traces", "traces", sampled, "a delivery a second, and 5 % of the others")


def _dashboard(bill: Bill, load: Load) -> None:
    setting = "aitrail:dashboard"
    bill.add("CloudWatch, dashboard", "dashboards", 1, "1 dashboard", setting=setting)
    bill.add(
        "CloudWatch, metrics of the dashboard",
        "metrics",
        DASHBOARD_METRICS,
        f"at most {DASHBOARD_METRICS} metrics",
        setting=setting,
    )
    bill.add(
        "CloudWatch, rows in the function's log",
        "log-ingestion",
        Decimal(load.files) * LOG_BYTES_OF_ROWS / GB,
        f"{load.files:,} files x {LOG_BYTES_OF_ROWS} bytes",
        setting=setting,
    )


def _log_bucket(bill: Bill, load: Load) -> None:
    days = load.log_retention_days
    kept = load.months_kept(None if days is None else days + VERSION_DAYS)
    bill.add(
        "log bucket, storage",
        "s3-storage",
        load.gigabytes / GZIP_RATIO * kept,
        f"{load.all_records * kept:,.0f} records x {load.record_kb} KB / {GZIP_RATIO}",
        setting="aitrail:logRetentionDays",
    )


def _keys(bill: Bill, load: Load) -> None:
    deliveries = load.files + load.digests
    bill.add("KMS, keys", "kms-keys", load.kms_keys, f"{load.kms_keys:,} customer-managed", setting="aitrail:kmsKey")
    bill.add(
        "KMS, requests",
        "kms-requests",
        deliveries * KMS_REQUESTS_OF_A_DELIVERY + KMS_REQUESTS_OF_QUEUES_AND_TABLES,
        f"{deliveries:,} deliveries x {KMS_REQUESTS_OF_A_DELIVERY} + {KMS_REQUESTS_OF_QUEUES_AND_TABLES:,}",
        setting="aitrail:kmsKey",
    )
