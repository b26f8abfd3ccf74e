"""`aitrail event --source`: reads the record from its log file again, and compares the row with it."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

import click

from aitrail.aws import is_of_network
from aitrail.cells import indented_json
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import Place, registry_of
from aitrail.cli.output import end_progress_line, narrate
from aitrail.deliveries import S3, UnavailableError
from aitrail.logfile import UnreadableLogFile
from aitrail.questions import (
    NoOriginalError,
    Row,
    differing_attributes,
    differing_fields,
    is_stdin,
    original_of,
)

_ADVICE = (
    "--raw shows the record that the row keeps; `aws cloudtrail validate-logs` checks whether log files were changed "
    "or deleted since CloudTrail delivered them."
)


def show_original(row: Row, place: Place) -> int:
    """Shows the record in the log file and remarks on it; returns the exit code."""
    if "importedFrom" in row:
        narrate(
            "This row has no log file: it was imported from CloudTrail's Event history, and no log file has delivered "
            "the event since. --raw shows the record."
        )
        return ExitCode.NEEDS_ATTENTION
    if not row.keys() >= {"logFile", "recordIndex", "eventSource"}:
        narrate(f"The row does not name its log file and record: someone changed it. {_ADVICE}")
        return ExitCode.NEEDS_ATTENTION
    if is_stdin(row["logFile"]):
        raise click.UsageError("--source reads the log file again: name a file with --from, not standard input.")
    try:
        with _opened(row, place) as stream:
            original = original_of(row, stream, registry=registry_of(click.get_current_context()))
    except (OSError, UnreadableLogFile, UnavailableError, NoOriginalError) as error:
        if is_of_network(error):  # some of botocore's errors are OSErrors
            raise
        narrate(f"{row['logFile']}: {getattr(error, 'strerror', None) or error}. {_ADVICE}")
        return ExitCode.NEEDS_ATTENTION
    end_progress_line()
    click.echo(indented_json(original))
    return _compare(row, original, place)


def _compare(row: Row, original: dict[str, Any], place: Place) -> int:
    """Remarks on the differences between a row and the record in its log file; returns the exit code."""
    where = f"Record {row['recordIndex']} of {row['logFile']}"
    registry = registry_of(click.get_current_context())
    redaction = place.access_of(row).redaction(registry) if "redacted" in row else None
    if redaction is None and "redacted" in row:
        narrate(f"The row is redacted, but the stack names no key to compare it with {where}: was aitrail:redact on?")
    elif fields := differing_fields(row, original, redaction=redaction):
        narrate(f"{where} differs from the row in {', '.join(fields)}. {_ADVICE}")
    elif attributes := differing_attributes(row, original, registry=registry, redaction=redaction):
        narrate(
            f"{where} agrees with the row, but these derived attributes differ: {', '.join(attributes)}. Either the "
            "row was changed, or it was made with another aitrail version or other service files."
        )
    else:
        narrate(f"{where} agrees with the row.")
        return 0
    return ExitCode.NEEDS_ATTENTION


def _opened(row: Row, place: Place) -> AbstractContextManager[BinaryIO]:
    """The opened log file. Raises OSError, UnavailableError and botocore's errors."""
    name = row["logFile"]
    if not name.startswith(S3):
        return Path(name).open("rb")
    from aitrail.deliveries import content_of  # noqa: PLC0415 (imports botocore)

    return content_of(place.access_of(row).client("s3"), name).open()
