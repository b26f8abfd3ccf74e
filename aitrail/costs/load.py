"""The monthly load of a deployment, and its retention. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from aitrail.errors import AitrailError

# Means of 2,900 records in a public set of log files (github.com/invictus-ir/aws_dataset): 1,262 bytes of compact JSON
# per record, 53 records per file, and a gzip ratio of 8.7.
RECORD_KB = Decimal("1.25")
RECORDS_IN_A_FILE = 50
GZIP_RATIO = Decimal("8.7")
# 17 Regions are enabled in every account. CloudTrail delivers a digest file every hour for each account and Region,
# with or without calls, for organization trails as well (AWS CloudTrail User Guide, "CloudTrail digest file
# structure").
HOURS = 730
DIGEST_FILES = 17 * HOURS

TABLE_CLASSES = ("STANDARD", "STANDARD_INFREQUENT_ACCESS")
DAYS = Decimal(365) / 12
SECONDS = int(DAYS * 86_400)
KB = 1_024
GB = KB**3
_MOST = 10**12
_DAYS_KEPT = (1, 36_500)
_BOUNDS = {
    "files": (0, _MOST),
    "events": (0, _MOST),
    "records": (0, _MOST),
    "accounts": (1, 1_000_000),
    "digest_files": (0, _MOST),
    "data_events": (0, _MOST),
    "network_activity_events": (0, _MOST),
    "months": (1, 1_200),
    "record_kb": (0, 256),
    "kms_keys": (0, 1_000),
    "memory_megabytes": (512, 10_240),
    "row_retention_days": _DAYS_KEPT,
    "ledger_retention_days": _DAYS_KEPT,
    "log_retention_days": _DAYS_KEPT,
}


class CostError(AitrailError):
    """Numbers from which no cost can be calculated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The load of a month, and its retention. Raises CostError.

    `files` is the number of delivered log files, `records` of all records in them (by default 50 per file), `events` of
    the wanted ones. Each of `accounts` delivers 12,410 digest files, unless `digest_files` gives the total. `months` is
    the number of months recorded. Retentions are in days, None if nothing expires. `paid_copy` is for management events
    that another trail of the account delivers as well, `redact` for a deployment that redacts, `alarms` and
    `dashboard` for one that has them. `kms_keys` is the number of customer-managed keys that encrypt.
    """

    files: int
    events: int
    records: int | None = None
    months: int = 12
    record_kb: Decimal = RECORD_KB
    row_retention_days: int | None = None
    ledger_retention_days: int | None = None
    log_retention_days: int | None = None
    accounts: int = 1
    digest_files: int | None = None
    memory_megabytes: int = 1_024
    paid_copy: bool = False
    redact: bool = False
    alarms: bool = True
    dashboard: bool = False
    data_events: int = 0
    network_activity_events: int = 0
    events_table_class: str = TABLE_CLASSES[0]
    files_table_class: str = TABLE_CLASSES[0]
    kms_keys: int = 0

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not (Decimal(value).is_finite() and least <= value <= most):
                words = name.replace("_", " ")
                raise CostError(f"{words}: {value:,} is out of range; it must be {least:,} to {most:,}.")
        for value in (self.events_table_class, self.files_table_class):
            if value not in TABLE_CLASSES:
                raise CostError(f"table class: {value!r} is not one of {', '.join(TABLE_CLASSES)}.")
        if self.events > self.all_records:
            raise CostError(
                f"{self.events:,} events cannot come from {self.all_records:,} records: events are the records of the "
                "recorded services, among all records of the log files."
            )
        if self.all_records and not self.files:
            raise CostError(f"{self.all_records:,} records cannot come from 0 files: give the number of files.")

    @property
    def all_records(self) -> int:
        """The number of records in a month's log files."""
        return max(self.files * RECORDS_IN_A_FILE, self.events) if self.records is None else self.records

    @property
    def digests(self) -> int:
        """The number of digest files in a month."""
        return self.accounts * DIGEST_FILES if self.digest_files is None else self.digest_files

    @property
    def account_hours(self) -> int:
        """The number of hours in a month in which an account delivers digests, of all accounts."""
        return min(self.accounts * HOURS, self.digests)

    @property
    def gigabytes(self) -> Decimal:
        """The uncompressed size of a month's log files."""
        return self.all_records * self.record_kb * KB / GB

    def months_kept(self, days: int | None) -> Decimal:
        """The number of months of data that are stored in the end, with a retention of `days`."""
        return Decimal(self.months) if days is None else min(Decimal(self.months), days / DAYS)


def price_in(table_class: str, price: str) -> str:
    """The name of a price of DynamoDB in a table class."""
    return price if table_class == TABLE_CLASSES[0] else f"infrequent-{price}"
