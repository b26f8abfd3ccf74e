"""`aitrail backfill`: queues log files that are in the bucket but not in the ledger."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from aitrail.cells import counted
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import (
    DELIVERED,
    WHICH,
    Access,
    Command,
    Requeue,
    narrate_other_services,
    option,
    origin_options,
    refusal,
    registry_of,
    requeue_options,
    scope_of,
    service_files_option,
    usual_prices,
    window_options,
)
from aitrail.cli.output import narrate, progress, rate_of
from aitrail.deliveries import Origins
from aitrail.services import Registry
from aitrail.window import Window

if TYPE_CHECKING:
    from aitrail.deliveries import Announcer
    from aitrail.repair import Backfill, Found

_FROM_WHEN = "Give the start of the window: --since 90d, --since 2026-01-01, or --since 2013-01-01 for all log files."
_STAYS = "Interrupted. Queued files stay queued, and the function ingests them."


@click.command(cls=Command)
@window_options(DELIVERED, since=None, without=_FROM_WHEN)
@origin_options
@option(WHICH, "--prefix", default="", metavar="PREFIX", help="Key prefix before AWSLogs/.  [default: none]")
@option("How", "--force", is_flag=True, help="Also queue files that have been ingested, or accepted as unreadable.")
@service_files_option
@requeue_options(dry_run="Only count the files that would be queued, and estimate the cost.", of="the list of counts")
@click.pass_context
def backfill(
    context: click.Context,
    *,
    window: Window,
    origins: Origins,
    prefix: str,
    force: bool,
    requeue: Requeue,
) -> None:
    """Queue log files that are in the bucket but not in the ledger.

    Lists the log bucket by day of delivery, skips the files that the ledger has in their current state, and queues the
    others in the backfill queue, from which the function ingests them. These are files that were in the bucket before
    the deployment, or that S3 never announced. Also queues files that a digest lists and that have not arrived; files
    that are unreadable, missing, invalid, unverifiable, restored, changed, or back after they were removed; and files
    that were ingested with another aitrail version or other service files than this command's. The digests of a day
    come first. The command is safe to repeat: it skips ingested files, and unreadable files that were accepted.

    The window is the time of delivery. CloudTrail delivers some events late, into the folders of later days. Omit
    --until to include them all: events of a day can also be in files of the next day.

    The column announced counts the queued files. The last line of a table has the totals; other formats have no
    totals.

    --wait ends when the ledger has a new entry for every queued file, or when the backfill queue, which all commands
    share, is empty. In that case, files without a new entry are among the dead letters. Exits with 4 if a file was not
    ingested as expected, or not before the timeout.

    \b
    Examples:
      aitrail backfill --since 90d --dry-run
      aitrail backfill --since 2026-01-01 --wait
      aitrail backfill --since 2013-01-01 --account 111122223333 --in-region eu-west-1
    """
    access, dry_run, wait, output = requeue.access, requeue.dry_run, requeue.wait, requeue.output
    prefix = _checked(access, prefix)
    with _telling(access, _interrupted(force=force, dry_run=dry_run), verbose=requeue.verbose):
        from aitrail.cli.views import narrate_counts, write_counts  # noqa: PLC0415 (would slow down --help)

        registry = registry_of(context)
        narrate_other_services(access, registry)
        work = _work(access, prefix, origins, window, registry, force=force)
        if wait:
            from aitrail.cli.views import show_what_became  # noqa: PLC0415
            from aitrail.repair import Announced  # noqa: PLC0415 (as above)

            with Announced(access.deployment.log_bucket) as noted:
                _look(work, access.announcer, lambda found: noted.note(found.key, found.ingested_at))
                narrate_counts(work, access)
                if not show_what_became(noted, access, wait, output):
                    context.exit(ExitCode.NEEDS_ATTENTION)
        else:
            prices = usual_prices(deployment=True) if dry_run else None
            _look(work, None if dry_run else access.announcer)
            write_counts(work, prices, output)
            narrate_counts(work, access, prices)
            if not dry_run and any(count.wanted for count in work.counts.values()):
                narrate("Run the same command with --dry-run later to see what is left.")


@contextmanager
def _telling(access: Access, interrupted: str, *, verbose: bool) -> Iterator[None]:
    """Tells the user how to continue after an interruption, and reports the cost of reading if verbose."""
    try:
        yield
    except KeyboardInterrupt:
        narrate(interrupted)
        raise
    finally:
        if verbose:
            narrate(f"Reading the ledger took {access.ledger.effort()}.")


def _interrupted(*, force: bool, dry_run: bool) -> str:
    if dry_run:
        return "Interrupted. Nothing was queued."
    if force:
        return f"{_STAYS} The same command queues everything again; without --force, it skips ingested files."
    return f"{_STAYS} Run the same command to continue: it skips ingested files."


def _checked(access: Access, prefix: str) -> str:
    """The prefix with a slash at its end; raises UsageError if the function does not read keys with it."""
    scope, wanted = scope_of(access), f"{prefix.rstrip('/')}/" if prefix else ""
    if wanted not in scope.prefixes:
        raise refusal(scope, f"The stack does not accept --prefix {prefix!r}")
    return wanted


def _work(
    access: Access, prefix: str, origins: Origins, window: Window, registry: Registry, *, force: bool
) -> "Backfill":
    """The backfill of these folders, accounts and Regions."""
    from aitrail.deliveries import DayFolders  # noqa: PLC0415
    from aitrail.repair import Backfill  # noqa: PLC0415 (as above)
    from aitrail.rows import recorded_with  # noqa: PLC0415

    bucket = access.deployment.log_bucket
    where = {"accounts": tuple(sorted(origins.accounts)), "regions": tuple(sorted(origins.regions))}
    folders = DayFolders(s3=access.client("s3"), bucket=bucket, prefix=prefix, scope=scope_of(access), **where)
    with progress() as show:
        days = folders.of(window, found=lambda count: show(f"{counted(count, 'day folder')} found"))
    return Backfill(
        folders=folders,
        days=days,
        reader=access.ledger,
        window=window,
        recorded_with=recorded_with(registry, access.redaction(registry)),
        force=force,
    )


def _look(work: "Backfill", announcer: "Announcer | None", note: Callable[["Found"], None] = lambda _: None) -> None:
    """Checks every delivery, and announces the wanted ones."""
    folders, files, rate = sum(map(len, work.days.values())), 0, rate_of()
    with progress() as show:
        for batch in work.announced(announcer):
            for found in batch:
                if found.is_wanted:
                    note(found)
            files += len(batch)
            wanted = sum(count.wanted for count in work.counts.values())
            show(f"{counted(files, 'file')}, {wanted:,} to ingest, {rate(files)}", work.folders_done, folders)
