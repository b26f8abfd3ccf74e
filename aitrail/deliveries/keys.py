r"""S3 key -> what kind of delivery it is, and what its path and file name say.

CloudTrail writes (its user guide, "Getting and viewing your CloudTrail log files" and "digest file structure"):

    [prefix/]AWSLogs/[o-…/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHMMZ_UNIQUE.json.gz
    …/CloudTrail-NetworkActivity/…  …/CloudTrail-Insight/…  …/CloudTrail-Aggregated/…
    …/CloudTrail-Digest/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOME_YYYYMMDDTHHMMSSZ[_backfill].json.gz

All dates are those of the delivery in UTC, not of the events. Neither a prefix nor a suffix decides alone: AWS Config,
load balancers and others write below `AWSLogs/` too, and some of their names end with `.json.gz`.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aitrail.dynamodb import items

# DynamoDB's limit for a sort key: the ledger's indexes sort by s3://bucket/key. A key alone may have so many bytes.
_LONGEST_NAME = 1024


class Kind(StrEnum):
    """What a key names; the values are the words of metrics and of the ledger."""

    LOG_FILE = "log-file"
    NETWORK_ACTIVITY = "network-activity"
    DIGEST = "digest"
    INSIGHT = "insight"
    AGGREGATED = "aggregated"
    FOLDER = "folder"
    CONFIG = "config"
    OTHER = "other"

    @property
    def ingested(self) -> bool:
        """Whether the object holds records that become rows."""
        return self in (Kind.LOG_FILE, Kind.NETWORK_ACTIVITY)

    @property
    def is_read(self) -> bool:
        """Whether the object is read at all: digests are, and hold no records."""
        return self.ingested or self is Kind.DIGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKey:
    """What the key of a log file, network activity file or digest says.

    `prefix` is all that precedes `AWSLogs/`, with its slash, or "". `delivery_day` (YYYY-MM-DD) is the path's as it
    stands; `delivered_at` (YYYY-MM-DDTHH:MM:SSZ) is the file name's, None where that is no real time.
    """

    kind: Kind
    prefix: str
    organization: str | None
    account: str
    region: str
    delivery_day: str
    delivered_at: str | None

    def folder(self, name: str, day: str = "") -> str:
        """Where the objects of the same account and Region are that CloudTrail keeps in the folder of that name.

        `day` (YYYY-MM-DD) tells those of a day of delivery.
        """
        organization = f"{self.organization}/" if self.organization else ""
        dated = f"{day.replace('-', '/')}/" if day else ""
        return f"{self.prefix}AWSLogs/{organization}{self.account}/{name}/{self.region}/{dated}"


def is_misfiled(key: str) -> bool:
    """Whether an object is in the folder of another day than the time in its name says, or its name says none."""
    parsed = log_key_of(key)
    return parsed is not None and not (parsed.delivered_at or "").startswith(parsed.delivery_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where log files may be: in one bucket, below AWSLogs/ behind one of the prefixes ("" for none).

    Nowhere else, and under no name too long for the ledger: CloudTrail's own have a few hundred bytes.
    """

    bucket: str
    prefixes: tuple[str, ...] = ("",)

    def holds(self, bucket: str, key: str) -> bool:
        """Whether that object is there."""
        is_here = bucket == self.bucket and key.startswith(tuple(f"{prefix}AWSLogs/" for prefix in self.prefixes))
        return is_here and items.is_unicode(key) and len(f"s3://{bucket}/{key}".encode()) <= _LONGEST_NAME


# The folders that hold what CloudTrail delivers and aitrail reads.
DIGEST_FOLDER = "CloudTrail-Digest"
LOG_FOLDERS = ("CloudTrail", "CloudTrail-NetworkActivity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """Some of the accounts and Regions; none named are all."""

    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()

    @property
    def are_all(self) -> bool:
        """Whether nothing is left out."""
        return not self.accounts and not self.regions

    def have(self, key: LogKey) -> bool:
        """Whether an object is of one of them."""
        return (not self.accounts or key.account in self.accounts) and (not self.regions or key.region in self.regions)


_KIND_OF_FOLDER = {
    "CloudTrail": Kind.LOG_FILE,
    "CloudTrail-NetworkActivity": Kind.NETWORK_ACTIVITY,
    DIGEST_FOLDER: Kind.DIGEST,
    "CloudTrail-Insight": Kind.INSIGHT,
    "CloudTrail-Aggregated": Kind.AGGREGATED,
    "Config": Kind.CONFIG,
}

# ASCII: `\d` would take the digits of every script. DOTALL: a prefix may hold a newline.
_FLAGS = re.ASCII | re.DOTALL
_ACCOUNT_FOLDER = r"(?P<prefix>(?:.*/)?)AWSLogs/(?:(?P<organization>o-[a-z0-9]+)/)?(?P<account>\d{12})/"
_DATED_FILE = re.compile(
    _ACCOUNT_FOLDER
    + r"(?P<folder>CloudTrail(?:-NetworkActivity|-Digest)?)/(?P<region>[a-z0-9-]+)/(?P<day>\d{4}/\d\d/\d\d)/"
    # AWS documents one form of name for all but digests; Insight files repeat their folder's name nevertheless.
    + r"\d{12}_(?:(?P=folder)|CloudTrail)_(?P<rest>[^/]*)\.json\.gz",
    _FLAGS,
)
_COUNTED_FILE = re.compile(_ACCOUNT_FOLDER + r"(?P<folder>CloudTrail-Insight|CloudTrail-Aggregated|Config)/.+", _FLAGS)

# Names of 2014 have no `_` between the time and the unique string.
_LOG_FILE_TIME = re.compile(r"[a-z0-9-]+_(\d{8}T\d{4})Z.*", _FLAGS)
# CloudTrail is from 2013; whoever writes a name may choose any time, which nobody should have to calculate with.
_FIRST_YEAR, _LAST_YEAR = 2013, 2100
# From the end: a trail's name may look like a time.
_DIGEST_TIME = re.compile(r"[a-z0-9-]+_.+_[a-z0-9-]+_(\d{8}T\d{6})Z(?:_backfill)?", _FLAGS)


def kind_of(key: str) -> Kind:
    """Tell the kind of any key, by its structure alone: an impossible date does not make a log file something else."""
    if key.endswith(("/", "_$folder$")):  # `_$folder$`: the folder marker of Hadoop and EMR
        return Kind.FOLDER
    log_key = log_key_of(key)
    if log_key:
        return log_key.kind
    counted = _COUNTED_FILE.fullmatch(key)
    return _KIND_OF_FOLDER[counted["folder"]] if counted else Kind.OTHER


def log_key_of(key: str) -> LogKey | None:
    """Read the key of a log file, network activity file or digest; None for every other key."""
    found = _DATED_FILE.fullmatch(key)
    if not found:
        return None
    kind = _KIND_OF_FOLDER[found["folder"]]
    if kind is Kind.DIGEST and not _DIGEST_TIME.fullmatch(found["rest"]):
        return None  # Region, trail, home Region and time have to be there: others calculate with them
    return LogKey(
        kind=kind,
        prefix=found["prefix"],
        organization=found["organization"],
        account=found["account"],
        region=found["region"],
        delivery_day=found["day"].replace("/", "-"),
        delivered_at=_delivered_at(kind, found["rest"]),
    )


def _delivered_at(kind: Kind, rest_of_name: str) -> str | None:
    found = (_DIGEST_TIME if kind is Kind.DIGEST else _LOG_FILE_TIME).fullmatch(rest_of_name)
    if not found:
        return None
    with_seconds = found[1].ljust(len("YYYYMMDDTHHMMSS"), "0")
    try:
        moment = datetime.strptime(f"{with_seconds}Z", "%Y%m%dT%H%M%S%z")
    except ValueError:
        return None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    return moment.replace(tzinfo=None).isoformat() + "Z"
