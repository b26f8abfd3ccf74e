"""The two tables, their keys and their indexes, defined once for the stack, the writer and the queries.

`EVENTS` holds one row per wanted record. `FILES` (the ledger) holds one entry per delivery and one per reject.
Every key attribute is a string. Index partition and sort keys are native multi-attribute keys.
"""

from msgspec import Struct


class Index(Struct, frozen=True, kw_only=True):
    """A global secondary index: `partition_keys` allow equality, `sort_keys` equality from the left, then a range.

    The index contains all keys and the `projected` attributes.
    """

    name: str
    partition_keys: tuple[str, ...]
    sort_keys: tuple[str, ...]
    projected: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """All key attributes, partition keys first."""
        return self.partition_keys + self.sort_keys


class Table(Struct, frozen=True, kw_only=True):
    """A table; `label` is its name in the stack and its outputs. Deployment determines the physical name."""

    label: str
    partition_key: str
    sort_key: str | None
    indexes: tuple[Index, ...]
    ttl_attribute: str


# DynamoDB allows at most 20 non-key attributes per index, and changing the projection replaces the index: the set does
# not change within a major version. Fields that are large or whose size callers control (userAgent, requestParameters)
# are excluded, so that an index entry stays below 1 KB and costs one write unit.
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

# Sparse: only rows that were imported and that no log file has delivered yet.
BY_IMPORT = Index(name="by-import", partition_keys=("importedFrom",), sort_keys=("eventTime", "eventID"), projected=())
ASKED = (BY_SERVICE, BY_PRINCIPAL, BY_RESOURCE)

EVENTS = Table(
    label="Events",
    partition_key="eventID",
    sort_key=None,
    indexes=(*ASKED, BY_IMPORT),
    ttl_attribute="expiresAt",
)

# The name contains account, Region and time of the delivery. The reason may be long, so only the entry itself has it.
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
