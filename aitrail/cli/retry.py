"""`aitrail retry`: what failed, once more."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import click

from aitrail.bucket import BadUrlError, bucket_and_key
from aitrail.cli.announcing import narrate_archived, refusal, scope_of
from aitrail.cli.aws import Access, aws_options
from aitrail.cli.output import Output, narrate, output_options
from aitrail.cli.sections import Command, option
from aitrail.cli.window import counted
from aitrail.keys import kind_of

_COLUMNS = ("problem", "reason", "logFile")


@click.command(cls=Command)
@click.argument("files", nargs=-1, metavar="[s3://BUCKET/KEY]...")
@option("How", "--dry-run", is_flag=True, help="Show what would be read again, and leave it as it is.")
@aws_options
@output_options()
def retry(*, files: tuple[str, ...], dry_run: bool, access: Access, output: Output) -> None:
    """Have what failed read again: dead letters, unreadable files.

    Moves dead letters back to their queues, and announces the log files and digests again that are unreadable, missing,
    invalid or unverifiable, once their cause is mended. With names of log files only these are announced, even if they
    are read already. Safe to repeat.

    What becomes of them is in the ledger some minutes later: those that are still shown with --dry-run failed again.
    Archived files have to be restored first, and records that could not become rows are `aitrail rejects --retry`.

    \b
    Examples:
      aitrail retry --dry-run
      aitrail retry
      aitrail retry s3://BUCKET/AWSLogs/111122223333/CloudTrail/…/…_CloudTrail_….json.gz
    """
    from aitrail.retrying import PROBLEMS, announced_again  # noqa: PLC0415 (imports botocore)

    bucket, ledger, announcer = access.deployment.log_bucket, access.ledger, None if dry_run else access.announcer
    if files:
        entries = iter(_named(files, access))
    else:
        _move_back(access, dry_run=dry_run)
        entries = chain.from_iterable(map(ledger.with_problem, PROBLEMS))
    counts = Counter[str]()
    again = announced_again(announcer, entries, bucket)
    output.write(_rows(again, counts), table=_COLUMNS, csv=_COLUMNS)
    _narrate(counts, access, dry_run=dry_run)
    if not files:
        narrate_archived(sum(1 for _ in ledger.with_problem("archived")), bucket)


def _named(files: Iterable[str], access: Access) -> list[dict[str, Any]]:
    """As entries of the ledger, with nothing but their names, the files that are named, each once."""
    scope = scope_of(access)
    for name in files:
        try:
            bucket, key = bucket_and_key(name)
        except BadUrlError as error:
            raise click.UsageError(f"{name!r} names no log file: give s3://BUCKET/KEY.") from error
        if bucket != scope.bucket:
            raise click.UsageError(f"{name!r} is not in the log bucket of {access}, which is {scope.bucket}.")
        if not scope.holds(bucket, key):
            raise refusal(scope, f"{name!r} is elsewhere in the bucket")
        if not kind_of(key).is_read:
            raise click.UsageError(f"{name!r} has no name of a log file or digest of CloudTrail: it is not read.")
    return [{"logFile": name} for name in dict.fromkeys(files)]


def _move_back(access: Access, *, dry_run: bool) -> None:
    """Move the dead letters, and tell."""
    from aitrail.retrying import DeadLetters, MoveRunningError  # noqa: PLC0415 (as above)

    deployment = access.deployment
    letters = DeadLetters(
        sqs=access.client("sqs"),
        queue_url=deployment.dead_letter_queue,
        sources=(deployment.deliveries_queue, deployment.backfill_queue),
    )
    count = letters.count()
    if not count or dry_run:
        narrate(f"{counted(count, 'dead letter')} would go back to the queues." if count else "No dead letters.")
        return
    try:
        moved = letters.move_back()
    except MoveRunningError as error:
        narrate(str(error))
    else:
        narrate(
            f"About {counted(count, 'dead letter')} on the way back to the queues: SQS moves them."
            if moved is None
            else f"{counted(moved, 'dead letter')} moved back to the queues."
        )


def _rows(entries: Iterable[dict[str, Any]], counts: Counter[str]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        counts[entry.get("problem", "named")] += 1
        yield {name: entry.get(name) for name in _COLUMNS}


def _narrate(counts: Counter[str], access: Access, *, dry_run: bool) -> None:
    if not counts:
        narrate(f"Nothing is unreadable, missing, invalid or unverifiable in {access}.")
        return
    what = ", ".join(f"{count:,} {problem}" for problem, count in counts.items())
    narrate(f"{counted(counts.total(), 'file')} {'would be announced' if dry_run else 'announced'} again ({what}).")
