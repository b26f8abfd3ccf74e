"""Rows with only the columns that a question needs, which take a fraction of the time that whole rows take."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Final

import msgspec

from aitrail.dynamodb import items
from aitrail.errors import AitrailError
from aitrail.logfile import Stream, UnreadableLogFile
from aitrail.rows.derived import (
    attributes_in,
    event_time_of,
    identity_attributes,
    operation_in,
    service_attributes,
    usage_in,
)
from aitrail.rows.facts import facts_of
from aitrail.rows.known_identities import KnownIdentities
from aitrail.rows.memory import row_memory
from aitrail.rows.outcome import outcome_of
from aitrail.rows.reading import MAX_HELD_BYTES, Batch, Reading
from aitrail.rows.rejects import Reject
from aitrail.rows.row import in_log_file, made_row_of
from aitrail.rows.table_keys import event_id_of
from aitrail.services import Registry, Service

Row = dict[str, Any]

# What cheaply is part of every narrow row; and of the rows of streams, what tells them apart.
_ALWAYS: Final = frozenset({"eventID", "eventTime", "eventDay", "service", "operation", "outcome"})
_OF_STREAMS: Final = frozenset({"recipientAccountId", "awsRegion", "principal"})
# Members of `usage` that tell which rows are of one call: without them, a row counts whatever the others are.
OF_ONE_CALL: Final = frozenset({"originalEventID", "sharedEventID", "stream", "streamEnd"})
# The fields of records from which the first two of them are derived.
_RELATED: Final = frozenset({"addendum", "sharedEventID"})
_FACTS: Final = frozenset({"agent", "mfa"})
# Columns that are fields of the record.
_FIELDS: Final = ("awsRegion", "recipientAccountId", "sourceIPAddress", "errorCode", "readOnly", "eventCategory")
_OF_IDENTITY: Final = frozenset(
    {
        *("principal", "principalAccount", "credentials", "temporaryCredentials"),
        *("calledBy", "sessionName", "accessKeyId"),
    }
)
# Narrow rows of one file are held until it has proved sound. Each takes about 1 KB: those with longer texts than this
# are made of whole rows, of which the memory is known.
_LONGEST: Final = 512
_MOST_HELD: Final = 20_000
# Files with fewer wanted records than this, or with less than one in so much content, are sparse: deriving whole rows
# takes less time than reading the file does.
_FEW: Final = 16
_SPARSE_BYTES: Final = 32 * 1024


class NotNarrowError(AitrailError):
    """A log file has something of which only whole rows tell what a question needs; no batch has been given yet."""


class Columns(msgspec.Struct, frozen=True):
    """Columns of rows, among those of indexes, and members of the column `usage`, that a question needs."""

    names: frozenset[str]
    usage: frozenset[str]

    def of(self, row: Row) -> Row:
        """The row with these columns, and with those that every narrow row has."""
        members = row.get("usage", {})
        usage = {name: members[name] for name in members.keys() & (self.usage | OF_ONE_CALL)}
        names = self.names | _ALWAYS | (_OF_STREAMS if "stream" in usage else frozenset())
        found = {name: row[name] for name in names - {"usage"} if name in row}
        return found | {"usage": usage} if usage else found


class NarrowRows:
    """Makes narrow rows of records: exactly `columns.of` their whole rows."""

    def __init__(self, registry: Registry, columns: Columns) -> None:
        self.columns = columns
        self._registry = registry
        self._names, self._usage = columns.names, columns.usage
        self._fields = [name for name in _FIELDS if name in columns.names]
        self._has_identity = not _OF_IDENTITY.isdisjoint(columns.names)
        self._has_resource = "resource" in columns.names or "resources" in columns.usage
        self._has_facts = not _FACTS.isdisjoint(columns.usage)
        self._identities = KnownIdentities(self._identity_of)
        self._services = {
            source: service if self._has_resource else service.deriving(columns.usage | OF_ONE_CALL)
            for service in registry.services
            for source in service.event_sources
        }

    def __reduce__(self) -> tuple[type["NarrowRows"], tuple[Registry, Columns]]:
        return NarrowRows, (self._registry, self.columns)

    def row_of(self, record: dict[str, Any]) -> Row | None:
        """The narrow row of a record of ordinary size; None if only its whole row tells."""
        source = record.get("eventSource")
        service = self._services.get(source.lower()) if type(source) is str else None
        if service is None or not _RELATED.isdisjoint(record):
            return None
        try:
            event_time_of(record)
        except Reject:
            return None
        time = record["eventTime"]
        row = {
            "eventID": event_id_of(record),
            "eventTime": time,
            "eventDay": time[: len("2026-01-31")],
            "outcome": outcome_of(record),
        }
        for name in self._fields:
            value = record.get(name)
            if type(value) is bool or (type(value) is str and value.isascii() and len(value) <= _LONGEST):
                row[name] = value
            elif value is not None or name in record:
                return None
        if self._has_identity:
            identity = self._identities.of(record)
            if identity is None:
                return None
            row |= identity
        return self._with_service(row, record, service)

    def _identity_of(self, record: dict[str, Any]) -> Row | None:
        found = identity_attributes(record).items()
        row = {name: value for name, value in found if name in self._names and (value or value == 0)}
        return None if any(len(value) > _LONGEST for value in row.values() if type(value) is str) else row

    def _with_service(self, row: Row, record: dict[str, Any], service: Service) -> Row | None:
        if self._has_resource:
            derived = service_attributes(record, service)
            wanted = self._usage | OF_ONE_CALL
            usage = {name: value for name, value in derived["usage"].items() if name in wanted}
            if derived["resource"] and "resource" in self._names:
                row["resource"] = derived["resource"]
            operation = derived["operation"]
        else:
            operation = operation_in(record)
            usage = {} if service.derives_nothing else usage_in(attributes_in(record, service, operation))
            if self._has_facts:
                usage |= {name: value for name, value in facts_of(record).items() if name in self._usage}
            operation = items.encodable(operation)
        if not OF_ONE_CALL.isdisjoint(usage) or len(operation) > _LONGEST:
            return None
        row["service"] = service.name
        if operation:
            row["operation"] = operation
        if usage:
            row["usage"] = usage
        return row


class NarrowReading(Reading):
    """Reads one log file like Reading; its rows are narrow, and come in one batch.

    With `keeps_sparse`, rows of a file with few wanted records are whole. Iterating over `batches` raises
    NotNarrowError, before the first one, if only whole rows tell what the file has: it is damaged, has a record to
    reject, two records with the same eventID, or very many wanted ones.
    """

    def __init__(self, stream: Stream, *, narrow: NarrowRows, keeps_sparse: bool = False, **options: Any) -> None:  # noqa: ANN401 (those of Reading)
        super().__init__(stream, **options)
        self._narrow = narrow
        self._keeps_sparse = keeps_sparse

    def batches(self) -> Iterator[Batch]:
        """See Reading."""
        # `is_plain` is that of the record that came last.
        records = ((index, record, self.content.is_plain) for index, record in self.content)
        try:
            first = list(islice(records, _FEW)) if self._keeps_sparse else []
            is_sparse = self._keeps_sparse and (len(first) < _FEW or self.content.bytes > _SPARSE_BYTES * len(first))
            batch = None if is_sparse else self._narrow_batch(chain(first, records))
        except (OSError, UnreadableLogFile) as error:
            raise NotNarrowError(str(error)) from error
        if batch:
            yield batch
        else:
            yield from self.batches_of((index, record) for index, record, _ in chain(first, records))

    def _narrow_batch(self, records: Iterable[tuple[int, dict[str, Any], bool]]) -> Batch:
        rows: dict[str, Row] = {}
        held = 0
        for index, record, is_plain in records:
            row = self._narrow.row_of(record) if is_plain else None
            if row is None:
                row = self._narrow.columns.of(self._whole(index, record))
                held += row_memory(row)
            rows[row["eventID"]] = row
            self.wanted += 1
            if len(rows) < self.wanted or self.wanted > _MOST_HELD or held > MAX_HELD_BYTES:
                raise NotNarrowError("records have the same eventID, or are very many")
        return Batch(rows=list(rows.values()), is_last=True)

    def _whole(self, index: int, record: dict[str, Any]) -> Row:
        try:
            return made_row_of(record, provenance=in_log_file("", index), registry=self._registry).row
        except Reject as reject:
            raise NotNarrowError(reject.reason) from None
