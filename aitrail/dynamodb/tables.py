"""Names of the two tables, their keys and their indexes: one place for the stack, the writer and the queries.

`EVENTS` holds one row per wanted record, `FILES` (the ledger) one entry per delivery and one per reject.
Every key attribute is a string. Index partition and sort keys are native multi-attribute keys.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A global secondary index: `partition_keys` take equality, `sort_keys` equality from the left, then a range.

    It has the `projected` attributes beside all keys.
    """

    name: str
    partition_keys: tuple[str, ...]
    sort_keys: tuple[str, ...]
    projected: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """All key attributes, partition keys first."""
        return self.partition_keys + self.sort_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: `label` is what the stack and its outputs call it; its physical name is known after the deployment."""

    label: str
    partition_key: str
    sort_key: str | None
    indexes: tuple[Index, ...]
    ttl_attribute: str


# DynamoDB takes at most 20 non-key attributes per index, and a changed projection replaces the index:
# the set is frozen within a major version. Wide or attacker-sized fields (userAgent, requestParameters) stay out,
# so that an index entry stays below 1 KB and costs one write unit.
NARROW_COLUMNS = (
    "eventTime",
    "eventDay",
    "eventID",
    "service",
    "operation",
    "outcome",
    "principal",
    "resource",
    "awsRegion",
    "recipientAccountId",
    "principalAccount",
    "credentials",
    "temporaryCredentials",
    "calledBy",
    "sessionName",
    "accessKeyId",
    "sourceIPAddress",
    "errorCode",
    "readOnly",
    "eventCategory",
    "usage",
)


def _event_index(name: str, attribute: str) -> Index:
    keys = (attribute, "eventDay", "eventTime", "eventID")
    return Index(
        name=name,
        partition_keys=keys[:2],
        sort_keys=keys[2:],
        projected=tuple(column for column in NARROW_COLUMNS if column not in keys),
    )


BY_SERVICE = _event_index("by-service", "service")
BY_PRINCIPAL = _event_index("by-principal", "principal")
BY_RESOURCE = _event_index("by-resource", "resource")

# Sparse: rows that were imported and that no log file has vouched for yet.
BY_IMPORT = Index(name="by-import", partition_keys=("importedFrom",), sort_keys=("eventTime", "eventID"), projected=())
ASKED = (BY_SERVICE, BY_PRINCIPAL, BY_RESOURCE)

EVENTS = Table(
    label="Events",
    partition_key="eventID",
    sort_key=None,
    indexes=(*ASKED, BY_IMPORT),
    ttl_attribute="expiresAt",
)

# Account, Region and time of the delivery are in the name; a reason may be long: whoever wants it reads the entry.
BY_DAY = Index(
    name="by-day",
    partition_keys=("deliveryDay",),
    sort_keys=("logFile",),
    projected=(
        "status",
        "problem",
        "ingestedAt",
        "recordedWith",
        "etag",
        "sha256",
        "verifiedBy",
        "bytes",
        "records",
        "wanted",
        "written",
        "rejected",
        "expired",
        "duplicatesInFile",
        "firstEventTime",
        "lastEventTime",
        "digestStart",
        "digestEnd",
        "follows",
        "accepted",
    ),
)
BY_PROBLEM = Index(
    name="by-problem",
    partition_keys=("problem",),
    sort_keys=("logFile",),
    projected=(
        "status",
        "reason",
        "deliveredAt",
        "ingestedAt",
        "storedAt",
        "recordIndex",
        "eventSource",
        "eventName",
        "listedAt",
        "announcedAt",
        "announcements",
        "listedBy",
        "broken",
        "accepted",
    ),
)

FILES = Table(
    label="Files",
    partition_key="logFile",
    sort_key="entry",
    indexes=(BY_DAY, BY_PROBLEM),
    ttl_attribute="expiresAt",
)
