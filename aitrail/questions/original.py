"""Finds the record that a row was made from in its log file, and compares the two."""

from contextlib import suppress
from typing import Any, BinaryIO

from aitrail.dynamodb import items
from aitrail.errors import AitrailError
from aitrail.logfile import LogFile
from aitrail.questions.source import Row
from aitrail.rows import RECORD_FIELDS, Redaction, Reject, record_of, redacted, row_of
from aitrail.services import Registry
from aitrail.services import load as load_registry

# Attributes that do not depend on the record alone: the key distinguishes records of one file, and the retention
# belongs to the deployment.
_OF_THE_TABLE = frozenset({"eventID", "expiresAt"})


class NoOriginalError(AitrailError):
    """The log file has no record of any service at the row's recordIndex."""


def original_of(row: Row, stream: BinaryIO, *, registry: Registry | None = None) -> dict[str, Any]:
    """The record at the row's recordIndex in a log file, compressed or not; it may no longer be the row's record.

    The file is read to its end, which proves it sound. Raises NoOriginalError, UnreadableLogFile, and the errors of
    reading the stream.
    """
    index, sources = row["recordIndex"], (registry or load_registry()).sources
    content = LogFile(stream, sources | {str(row["eventSource"]).lower()}, is_hashed=False)
    found = [record for position, record in content if position == index]
    if not found and index < content.records:
        raise NoOriginalError(
            f"its record {index} is a different one: it is from neither {row['eventSource']} nor any recorded service"
        )
    if not found:
        raise NoOriginalError(f"it has no record {index}: it has {content.records:,}, counted from 0")
    return found[0]


def differing_fields(row: Row, original: dict[str, Any], *, redaction: Redaction | None = None) -> list[str]:
    """The top-level fields in which the row's record differs, in value or type (1 is not 1.0), sorted.

    With a `redaction`, the original is redacted first.
    """
    with suppress(Reject):  # no row can be made from it, so it differs as it is
        original, _ = redacted(original, redaction)
    return differing(record_of(row), original)


def differing_attributes(
    row: Row, original: dict[str, Any], *, registry: Registry | None = None, redaction: Redaction | None = None
) -> list[str]:
    """The row's derived attributes that differ from those that the registry derives from the original, sorted.

    Empty if no row can be made from the original: its fields differ then.
    """
    try:
        made = row_of(
            original,
            log_file=row["logFile"],
            record_index=row["recordIndex"],
            registry=registry,
            redaction=redaction,
        )
    except Reject:
        return []
    kept = RECORD_FIELDS | _OF_THE_TABLE | {"other", "asJson"}
    return [name for name in differing(row, made) if name not in kept]


def differing(left: dict[str, Any], right: dict[str, Any]) -> list[str]:
    """The names whose values or types differ between two objects, sorted."""
    # As JSON, which distinguishes true from 1, 1 from 1.0, and null from a missing value.
    first, second = ({name: items.json_bytes(value) for name, value in each.items()} for each in (left, right))
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
