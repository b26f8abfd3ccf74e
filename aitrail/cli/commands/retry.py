"""`aitrail retry`: queues dead letters again, and log files that could not be read."""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any

import click

from aitrail.cells import counted
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import Access, Command, Requeue, Wait, refusal, requeue_options, scope_of
from aitrail.cli.output import Output, narrate
from aitrail.cli.views import narrate_archived
from aitrail.deliveries import BadUrlError, bucket_and_key, kind_of
from aitrail.ledger import entry_kind

_COLUMNS = ("problem", "reason", "logFile")
_Entries = Iterable[dict[str, Any]]


@click.command(cls=Command)
@click.argument("files", nargs=-1, metavar="[s3://BUCKET/KEY]...")
@requeue_options(dry_run="Show what would be queued, and change nothing.", of="the list of files")
@click.pass_context
def retry(context: click.Context, *, files: tuple[str, ...], requeue: Requeue) -> None:
    """Queue dead letters again, and files that could not be read.

    Moves dead letters back to their queues, and queues log files and digests that are unreadable, missing, invalid or
    unverifiable. Run it after you have fixed the cause. If you name files, it queues only these, even if they have been
    ingested; if one of them does not exist, it queues none. The command is safe to repeat.

    --dry-run also shows which log files the dead letters name, for at most ten of the letters. SQS counts this as
    another receive of these letters, which has no consequences.

    --wait ends as in `aitrail backfill`, with the same exit code 4. It waits for queued files, not for dead letters.
    Without --wait, the outcomes are in the ledger some minutes later: a file that --dry-run still shows has failed
    again. Restore archived files first. For records that could not become rows, use `aitrail rejects --retry`.

    \b
    Examples:
      aitrail retry --dry-run
      aitrail retry --wait
      aitrail retry s3://BUCKET/AWSLogs/111122223333/CloudTrail/…/…_CloudTrail_….json.gz
    """
    from aitrail.repair import RETRIED_PROBLEMS, announced_again  # noqa: PLC0415 (imports botocore)

    access, dry_run, wait, output = requeue.access, requeue.dry_run, requeue.wait, requeue.output
    bucket, ledger = access.deployment.log_bucket, access.ledger
    letters = () if files else _dead_letters(access, dry_run=dry_run)
    entries = iter(_named(files, access)) if files else chain.from_iterable(map(ledger.with_problem, RETRIED_PROBLEMS))
    if files and wait:
        entries = ledger.whole(entries)  # the whole entries contain the time of reading
    counts, is_fine = Counter[str](), True
    again = _counted(announced_again(None if dry_run else access.announcer, entries, bucket), counts)
    if wait:
        is_fine = _wait(again, counts, access, wait, output)
    else:
        output.write(map(_row, chain(letters, again)), table=_COLUMNS, csv=_COLUMNS, fold=True)
        _narrate(counts, access, dry_run=dry_run)
    if not files:
        narrate_archived(sum(1 for _ in ledger.with_problem("archived")), bucket)
    if requeue.verbose:
        narrate(f"Reading the ledger took {ledger.effort()}.")
    if not is_fine:
        context.exit(ExitCode.NEEDS_ATTENTION)


def _named(files: Iterable[str], access: Access) -> list[dict[str, Any]]:
    """The named files, each once, as ledger entries that contain only their names."""
    scope = scope_of(access)
    for name in files:
        try:
            bucket, key = bucket_and_key(name)
        except BadUrlError as error:
            raise click.UsageError(f"{name!r} does not name a log file: give s3://BUCKET/KEY.") from error
        if bucket != scope.bucket:
            raise click.UsageError(f"{name!r} is not in the log bucket of {access}, which is {scope.bucket}.")
        if not scope.holds(bucket, key):
            of_whom = " or an account" if scope.accounts else ""
            raise refusal(scope, f"{name!r} has a prefix{of_whom} that the stack does not accept")
        if not kind_of(key).is_read:
            raise click.UsageError(f"{name!r} is not named like a log file or digest of CloudTrail: it is not read.")
    names = list(dict.fromkeys(files))
    _check_that_they_exist(names, access)
    return [{"logFile": name, "entry": entry_kind(name)} for name in names]


def _check_that_they_exist(names: list[str], access: Access) -> None:
    from aitrail.aws import in_order  # noqa: PLC0415
    from aitrail.deliveries import is_there  # noqa: PLC0415 (as above)

    s3 = access.client("s3")
    for name, is_here in zip(names, in_order(partial(is_there, s3, name) for name in names), strict=True):
        if not is_here:
            raise click.UsageError(f"{name!r} does not exist: `aws s3 ls` lists the objects in the bucket.")


def _wait(again: _Entries, counts: Counter[str], access: Access, wait: Wait, output: Output) -> bool:
    """Re-announces the files, waits, and shows their outcomes; returns whether all were read without problems."""
    from aitrail.cli.views import show_what_became  # noqa: PLC0415
    from aitrail.repair import Announced  # noqa: PLC0415 (as above)

    bucket = access.deployment.log_bucket
    with Announced(bucket) as noted:
        for entry in again:
            noted.note(entry["logFile"].removeprefix(f"s3://{bucket}/"), entry.get("ingestedAt"))
        _narrate(counts, access, dry_run=False)
        return show_what_became(noted, access, wait, output)


def _dead_letters(access: Access, *, dry_run: bool) -> _Entries:
    """Redrives the dead letters, and reports that; in a dry run, returns the files that some of them announce."""
    from aitrail.repair import DeadLetters, MoveRunningError  # noqa: PLC0415 (as above)

    deployment = access.deployment
    letters = DeadLetters(
        sqs=access.client("sqs"),
        queue_url=deployment.dead_letter_queue,
        sources=(deployment.deliveries_queue, deployment.backfill_queue),
    )
    count = letters.count()
    if not count or dry_run:
        narrate(f"{counted(count, 'dead letter')} would be moved back to the queues." if count else "No dead letters.")
        return letters.some() if count else ()
    try:
        moved = letters.move_back()
    except MoveRunningError as error:
        narrate(str(error))
    else:
        narrate(
            f"SQS is moving about {counted(count, 'dead letter')} back to the queues."
            if moved is None
            else f"{counted(moved, 'dead letter')} moved back to the queues."
        )
    return ()


def _counted(entries: _Entries, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        counts[entry.get("problem", "named")] += 1
        yield entry


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: entry.get(name) for name in _COLUMNS}


def _narrate(counts: Counter[str], access: Access, *, dry_run: bool) -> None:
    if not counts:
        narrate(f"No file is unreadable, missing, invalid or unverifiable in {access}.")
        return
    what = ", ".join(f"{count:,} {problem}" for problem, count in counts.items())
    narrate(f"{counted(counts.total(), 'file')} {'would be queued' if dry_run else 'queued'} ({what}).")
