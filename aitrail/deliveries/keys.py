r"""S3 key -> the kind of delivery, and the facts in its path and file name.

CloudTrail writes (its user guide, "Getting and viewing your CloudTrail log files" and "digest file structure"):

    [prefix/]AWSLogs/[o-…/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHMMZ_UNIQUE.json.gz
    …/CloudTrail-NetworkActivity/…  …/CloudTrail-Insight/…  …/CloudTrail-Aggregated/…
    …/CloudTrail-Digest/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOME_YYYYMMDDTHHMMSSZ[_backfill].json.gz

All dates are of the delivery, in UTC, not of the events. Neither a prefix nor a suffix is enough to recognize a key:
AWS Config, load balancers and others also write under `AWSLogs/`, and some of their names end with `.json.gz`.
"""

import re
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from aitrail.dynamodb import items

# DynamoDB's limit for a sort key: the ledger's indexes sort by s3://bucket/key, and S3 allows that many for the key.
_LONGEST_NAME = 1024


class Kind(StrEnum):
    """The kind of object that a key names; metrics and the ledger use the values."""

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
        """Whether the object contains records that become rows."""
        return self in (Kind.LOG_FILE, Kind.NETWORK_ACTIVITY)

    @property
    def is_read(self) -> bool:
        """Whether the object is read at all: digests are read although they contain no records."""
        return self.ingested or self is Kind.DIGEST


class LogKey(Struct, frozen=True, kw_only=True):
    """The parsed key of a log file, network activity file or digest.

    `prefix` is everything before `AWSLogs/`, including its slash, or "". `delivery_day` (YYYY-MM-DD) is taken from the
    path without validation. `delivered_at` (YYYY-MM-DDTHH:MM:SSZ) is taken from the file name; it is None if that is
    not a valid time.
    """

    kind: Kind
    prefix: str
    organization: str | None
    account: str
    region: str
    delivery_day: str
    delivered_at: str | None

    def folder(self, name: str, day: str = "") -> str:
        """The folder with this name (such as CloudTrail-Digest) for the same account and Region.

        With `day` (YYYY-MM-DD), the folder of that day of delivery.
        """
        organization = f"{self.organization}/" if self.organization else ""
        dated = f"{day.replace('-', '/')}/" if day else ""
        return f"{self.prefix}AWSLogs/{organization}{self.account}/{name}/{self.region}/{dated}"


def is_misfiled(key: str) -> bool:
    """Whether an object's folder is for a different day than its name, or its name contains no valid time."""
    parsed = log_key_of(key)
    return parsed is not None and not (parsed.delivered_at or "").startswith(parsed.delivery_day)


class Scope(Struct, frozen=True, kw_only=True):
    """The place where log files may be: one bucket, under AWSLogs/ after one of the prefixes ("" for none).

    `accounts` are the accounts, by id, and the organizations, with all of their accounts, whose deliveries are
    expected; all if none is given. Names that are too long for the ledger are excluded; CloudTrail's own names have a
    few hundred bytes.

    `original` is the bucket that CloudTrail delivers to if the bucket holds a replicated copy of it. It only matters
    for what digests say: no delivery is read from there.
    """

    bucket: str
    prefixes: tuple[str, ...] = ("",)
    accounts: tuple[str, ...] = ()
    original: str | None = None

    def holds(self, bucket: str, key: str) -> bool:
        """Whether the object is in the scope."""
        is_here = bucket == self.bucket and key.startswith(tuple(f"{prefix}AWSLogs/" for prefix in self.prefixes))
        is_name = is_here and items.is_unicode(key) and len(f"s3://{bucket}/{key}".encode()) <= _LONGEST_NAME
        return is_name and self._admits(key)

    def expects(self, *owners: str | None) -> bool:
        """Whether deliveries are expected from one of these accounts and organizations."""
        return not self.accounts or not set(self.accounts).isdisjoint(owners)

    def _admits(self, key: str) -> bool:
        """Whether the folder of the account is in its place, and the account expected; other keys are not read."""
        found = _DATED_FILE.fullmatch(key) or _COUNTED_FILE.fullmatch(key)
        # A forged key may have a second AWSLogs/ folder, so the prefix before the account's own has to be equal.
        return found is None or (
            found["prefix"] in self.prefixes and self.expects(found["account"], found["organization"])
        )


# The folders of the deliveries that aitrail reads.
DIGEST_FOLDER = "CloudTrail-Digest"
LOG_FOLDERS = ("CloudTrail", "CloudTrail-NetworkActivity")


class Origins(Struct, frozen=True, kw_only=True):
    """A selection of accounts and Regions; an empty set selects all."""

    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()

    @property
    def are_all(self) -> bool:
        """Whether all accounts and Regions are selected."""
        return not self.accounts and not self.regions

    def have(self, key: LogKey) -> bool:
        """Whether the account and Region of an object are selected."""
        return (not self.accounts or key.account in self.accounts) and (not self.regions or key.region in self.regions)


EVERYWHERE = Origins()

_KIND_OF_FOLDER = {
    "CloudTrail": Kind.LOG_FILE,
    "CloudTrail-NetworkActivity": Kind.NETWORK_ACTIVITY,
    DIGEST_FOLDER: Kind.DIGEST,
    "CloudTrail-Insight": Kind.INSIGHT,
    "CloudTrail-Aggregated": Kind.AGGREGATED,
    "Config": Kind.CONFIG,
}

# ASCII: `\d` would match digits of every script. DOTALL: a prefix may contain a newline.
_FLAGS = re.ASCII | re.DOTALL
_ACCOUNT_FOLDER = r"(?P<prefix>(?:.*/)?)AWSLogs/(?:(?P<organization>o-[a-z0-9]+)/)?(?P<account>\d{12})/"
_DATED_FILE = re.compile(
    _ACCOUNT_FOLDER
    + r"(?P<folder>CloudTrail(?:-NetworkActivity|-Digest)?)/(?P<region>[a-z0-9-]+)/(?P<day>\d{4}/\d\d/\d\d)/"
    # AWS documents one form of name for everything but digests, but Insight files use their folder's name instead.
    + r"\d{12}_(?:(?P=folder)|CloudTrail)_(?P<rest>[^/]*)\.json\.gz",
    _FLAGS,
)
_ACCOUNT = re.compile(r"account://(?P<account>\d{12})", re.ASCII)
_DIGESTS = re.compile(_ACCOUNT_FOLDER + DIGEST_FOLDER + r"/(?P<region>[a-z0-9-]+)/", _FLAGS)
_COUNTED_FILE = re.compile(_ACCOUNT_FOLDER + r"(?P<folder>CloudTrail-Insight|CloudTrail-Aggregated|Config)/.+", _FLAGS)

# Names of 2014 have no `_` between the time and the unique string.
_LOG_FILE_TIME = re.compile(r"[a-z0-9-]+_(\d{8}T\d{4})Z.*", _FLAGS)
# CloudTrail was launched in 2013. A forged name may contain any time; within these limits, arithmetic with it cannot
# overflow.
_FIRST_YEAR, _LAST_YEAR = 2013, 2100
# Matched from the end, because a trail's name may look like a time.
_DIGEST_TIME = re.compile(r"[a-z0-9-]+_.+_[a-z0-9-]+_(\d{8}T\d{6})Z(?:_backfill)?", _FLAGS)


def is_backfill(name: str) -> bool:
    """Whether a digest lists files that the digests of their hours did not."""
    return name.endswith("_backfill.json.gz")


def kind_of(key: str) -> Kind:
    """The kind of any key, by its structure alone: a log file with an impossible date is still a log file."""
    if key.endswith(("/", "_$folder$")):  # `_$folder$`: the folder marker of Hadoop and EMR
        return Kind.FOLDER
    if found := _found(key):
        return _KIND_OF_FOLDER[found["folder"]]
    counted = _COUNTED_FILE.fullmatch(key)
    return _KIND_OF_FOLDER[counted["folder"]] if counted else Kind.OTHER


def log_key_of(key: str) -> LogKey | None:
    """Parses the key of a log file, network activity file or digest; None for any other key."""
    found = _found(key)
    if not found:
        return None
    kind = _KIND_OF_FOLDER[found["folder"]]
    return LogKey(
        kind=kind,
        prefix=found["prefix"],
        organization=found["organization"],
        account=found["account"],
        region=found["region"],
        delivery_day=found["day"].replace("/", "-"),
        delivered_at=_delivered_at(kind, found["rest"]),
    )


def _found(key: str) -> re.Match[str] | None:
    found = _DATED_FILE.fullmatch(key)
    if found and found["folder"] == DIGEST_FOLDER and not _DIGEST_TIME.fullmatch(found["rest"]):
        return None  # other modules rely on Region, trail, home Region and time
    return found


def delivered_at(name: str) -> str | None:
    """The time of delivery in the name of a log file or digest; None if it has none."""
    key = log_key_of(name)
    return key.delivered_at if key else None


def origin_of(name: str) -> LogKey | None:
    """Parses a key as `log_key_of` does, and also the digest folder of an account and Region, or an account's name.

    These have no day, and an account has no Region.
    """
    found = _DIGESTS.fullmatch(name) or _ACCOUNT.fullmatch(name)
    if not found:
        return log_key_of(name)
    named = found.groupdict()
    return LogKey(
        kind=Kind.FOLDER,
        prefix=named.get("prefix", ""),
        organization=named.get("organization"),
        account=named["account"],
        region=named.get("region", ""),
        delivery_day="",
        delivered_at=None,
    )


def is_digest_folder(name: str) -> bool:
    """Whether this is the name of the folder with the digests of an account and Region."""
    return _DIGESTS.fullmatch(name) is not None


def account_name(account: str) -> str:
    """What the ledger calls an account as a whole, whatever the prefix and organization of its deliveries are."""
    return f"account://{account}"


def is_account_name(name: str) -> bool:
    """Whether this is the name of an account as a whole."""
    return _ACCOUNT.fullmatch(name) is not None


def _delivered_at(kind: Kind, rest_of_name: str) -> str | None:
    found = (_DIGEST_TIME if kind is Kind.DIGEST else _LOG_FILE_TIME).fullmatch(rest_of_name)
    if not found:
        return None
    text = found[1].ljust(len("YYYYMMDDTHHMMSS"), "0")
    try:  # not strptime, which takes six times as long
        day, hour = (int(text[:4]), int(text[4:6]), int(text[6:8])), (int(text[9:11]), int(text[11:13]), int(text[13:]))
        moment = datetime(*day, *hour)  # noqa: DTZ001 (UTC)
    except ValueError:
        return None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    return moment.isoformat() + "Z"
