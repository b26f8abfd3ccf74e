"""`aitrail verify`: proves that every delivery of a window was ingested, and every wanted record became a row."""

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from aitrail.cells import counted, printable
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import (
    Access,
    Command,
    Report,
    clock_of,
    narrate_other_services,
    now_of,
    option,
    registry_of,
    report_options,
    scope_of,
)
from aitrail.cli.output import narrate, progress
from aitrail.cli.views import deletion_lines, plan_lines, save_rows, verdict_lines, verdict_remarks, verdict_report
from aitrail.clock import Clock
from aitrail.services import Registry

if TYPE_CHECKING:
    from aitrail.digests import GivenKeys
    from aitrail.proof import Verdict, Verification
    from aitrail.repair import Plan, Repair


@click.command(cls=Command)
@report_options(
    option("How", "--deep", is_flag=True, help="Read every digest, log file and row again, and compare."),
    option(
        *("How", "--announce"),
        is_flag=True,
        help="Re-announce listed objects that have not arrived, and unverifiable digests.",
    ),
    option(
        *("How", "--public-keys"),
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Check digests of the Regions in FILE with these public keys of CloudTrail.",
    ),
    option(
        *("How", "--repair"),
        is_flag=True,
        help="Write the rows of CloudTrail's content again and delete others, after confirmation; then verify again.",
    ),
    option("How", "--dry-run", is_flag=True, help="With --repair, only show what would be done."),
    since="1d",
    until="where every chain of digests has closed the time",
)
@click.pass_context
def verify(
    context: click.Context,
    *,
    deep: bool,
    announce: bool,
    public_keys: Path | None,
    repair: bool,
    dry_run: bool,
    report: Report,
) -> None:
    """Prove that nothing was lost, or list the exceptions.

    Checks that every log file that CloudTrail delivered was ingested unchanged, and that every wanted record is in the
    table exactly once, or is a reject (`aitrail rejects`).

    CloudTrail's hourly digests list what was delivered. The function checks their signatures and their chain when they
    arrive, and compares their lists with the ledger. This command relies on these results, and compares the rows in the
    table with the hashes that the ledger has of them. It reads a log file again only if its rows do not have its hash:
    some are missing, changed or someone else's, or their events were also delivered in another file; or if an earlier
    aitrail version ingested it.

    Without --until and --during, the window ends where the digests of every trail, account and Region have closed the
    time: one to four hours ago. Later log files may not be listed yet, so an end after that time is an exception. A
    trail without a digest for three hours does not move the end; the time that its digests should cover is a gap.

    --deep relies on the ledger only for which digests and log files there are: it reads all of them, and all rows,
    again, which takes as long as ingesting them.

    With --public-keys, digests that the function could not verify are read and checked again. FILE is for Regions that
    do not let you call ListPublicKeys. It is a JSON object: {"REGION": ...}, by Region what `aws cloudtrail
    list-public-keys --region REGION` prints for someone who may.

    --repair reads the version of a log file whose content a digest lists, and writes its rows again if rows are
    missing or different. Then it deletes the rows that no such content has, and keeps a copy of them in the working
    directory. With --deep, it also reads the whole table for rows of replaced log files; if none is left, they are no
    longer `replaced`. It asks before each step.

    Exits with 4 if there are exceptions, after the repair if there is one.

    \b
    Examples:
      aitrail verify --since 7d
      aitrail verify --since 2026-11-01 --until 2026-12-01 --deep
      aitrail verify --since 30d --announce
      aitrail verify --since 7d --repair --dry-run
      aitrail verify --since 7d --public-keys keys.json
    """
    _check(report, announce=announce, repair=repair, dry_run=dry_run)

    def verify_once() -> "Verdict":
        return verification.verify_deep(report.window) if deep else verification.verify(report.window)

    registry = registry_of(context)
    narrate_other_services(report.access, registry)
    with progress() as show:
        verification = _verification(
            report,
            registry,
            clock_of(context),
            now=now_of(context),
            ends_when_closed=context.get_parameter_source("until") is ParameterSource.DEFAULT,
            keys=_given(public_keys),
            reading=lambda name: show(f"Reading {printable(name)}"),
        )
        verdict = verify_once()
    if repair and not verdict.proved:
        verdict = _repair(verdict, verify_once, report, registry, clock_of(context), deep=deep, dry_run=dry_run)
    _write(verdict, report)
    if announce:
        _announce(report.access, verdict)
    if report.verbose:
        narrate(
            f"Reading took {verification.reader.effort()} for the ledger, {verification.source.effort()} for the table."
        )
    if not verdict.proved:
        context.exit(ExitCode.NEEDS_ATTENTION)


def _check(report: Report, *, announce: bool, repair: bool, dry_run: bool) -> None:
    """Raises UsageError for options that contradict each other."""
    if dry_run and not repair:
        raise click.UsageError("--dry-run shows what --repair would do: give both.")
    if dry_run and announce:
        raise click.UsageError("--announce sends messages, and --dry-run changes nothing: give one of them.")
    if report.is_one_of_several and (repair or announce):
        raise click.UsageError("--repair and --announce act on one stack: give one --stack and one --region.")


def _given(path: Path | None) -> "GivenKeys | None":
    from aitrail.digests import InvalidKeysError, read_keys  # noqa: PLC0415 (would slow down --help)

    if path is None:
        return None
    try:
        return read_keys(path.read_bytes())
    except (InvalidKeysError, OSError) as error:
        raise click.UsageError(f"--public-keys {path}: {error}") from error


def _verification(
    report: Report,
    registry: Registry,
    clock: Clock,
    *,
    now: datetime,
    ends_when_closed: bool,
    keys: "GivenKeys | None",
    reading: Callable[[str], None],
) -> "Verification":
    from aitrail.digests import PublicKeys  # noqa: PLC0415 (would slow down --help)
    from aitrail.proof import Verification  # noqa: PLC0415
    from aitrail.questions import TableRows  # noqa: PLC0415

    access, deployment = report.access, report.access.deployment
    return Verification(
        reader=access.ledger,
        source=TableRows(access.client("dynamodb"), deployment.events_table),
        s3=access.client("s3"),
        public_keys=PublicKeys(lambda region: access.client("cloudtrail", region), given=lambda: keys or {}),
        registry=registry,
        now=now,
        retention=deployment.row_retention,
        redaction=access.redaction(registry),
        ledger_retention=deployment.ledger_retention,
        origins=report.origins,
        scope=scope_of(access),
        ends_when_closed=ends_when_closed,
        rechecks=keys is not None,
        progress=reading,
        clock=clock,
    )


def _repair(
    verdict: "Verdict",
    verify_again: Callable[[], "Verdict"],
    report: Report,
    registry: Registry,
    clock: Clock,
    *,
    deep: bool,
    dry_run: bool,
) -> "Verdict":
    """Repairs what a verdict found, as far as the user agrees; returns the verdict after that."""
    from aitrail.repair import replaced  # noqa: PLC0415 (would slow down --help)

    repair = _repair_of(report.access, registry, clock)
    narrate(f"Not proved: {counted(len(verdict.findings), 'exception')}.")
    with progress() as show:
        show("Reading versions of log files")
        plan = repair.plan(verdict)
    if _ingest_again(repair, plan, "Ingest these versions again?", dry_run=dry_run):
        verdict = verify_again()
    rows = list(repair.rows_to_delete(verdict))
    if deep and replaced(verdict):
        with progress() as show:
            show("Reading the whole table")
            rows += [row for row in repair.rows_of_replaced(verdict) if row["eventID"] not in verdict.too_many]
    sources, genuine = repair.sources_of(rows)
    is_again = _ingest_again(repair, sources, "Ingest these files, whose records other rows repeat?", dry_run=dry_run)
    rows = [row for row in rows if row["eventID"] not in genuine]
    if _delete(repair, rows, clock, dry_run=dry_run) or is_again:
        verdict = verify_again()
    if deep and not dry_run and repair.close(verdict):
        verdict = verify_again()
    return verdict


def _ingest_again(repair: "Repair", plan: "Plan", question: str, *, dry_run: bool) -> bool:
    """Ingests the versions of a plan if the user agrees; returns whether it did."""
    _say(plan_lines(plan))
    if not plan.versions or dry_run or not _agreed(question):
        return False
    with progress() as show:
        for ingested in repair.ingest(plan):
            show(f"Ingested {printable(str(ingested.details.get('logFile')))}")
    return True


def _delete(repair: "Repair", rows: list[dict[str, Any]], clock: Clock, *, dry_run: bool) -> bool:
    """Deletes rows if the user agrees; returns whether it did."""
    if not rows:
        return False
    _say(deletion_lines(rows))
    if dry_run or not _agreed("Delete these rows?"):
        return False
    copy = Path(f"aitrail-deleted-rows-{clock.now():%Y%m%dT%H%M%SZ}.jsonl")
    save_rows(rows, copy)
    narrate(f"{counted(repair.delete(rows), 'row')} deleted; {copy} has a copy.")
    return True


def _repair_of(access: Access, registry: Registry, clock: Clock) -> "Repair":
    from aitrail.digests import NoDigestsDetector  # noqa: PLC0415 (as above)
    from aitrail.ingest import EventsTable, LogFileIngestion  # noqa: PLC0415
    from aitrail.ledger import Ledger  # noqa: PLC0415
    from aitrail.questions import TableRows  # noqa: PLC0415
    from aitrail.repair import Repair  # noqa: PLC0415

    deployment, dynamodb = access.deployment, access.client("dynamodb")
    events, ledger = EventsTable(dynamodb, deployment.events_table), Ledger(dynamodb, deployment.files_table)
    return Repair(
        s3=access.client("s3"),
        ledger=ledger,
        reader=access.ledger,
        events=events,
        source=TableRows(dynamodb, deployment.events_table),
        log_files=LogFileIngestion(
            events=events,
            ledger=ledger,
            registry=registry,
            retention=deployment.row_retention,
            clock=clock,
            redaction=access.redaction(registry),
            no_digests=NoDigestsDetector(ledger=ledger, reader=access.ledger, clock=clock),
        ),
        retention=deployment.ledger_retention,
    )


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        narrate(line)


def _agreed(question: str) -> bool:
    return click.confirm(question, default=False, err=True)


def _write(verdict: "Verdict", report: Report) -> None:
    if not report.output.is_table:
        report.write_value(verdict_report(verdict))
        return
    for line in verdict_lines(verdict):
        click.echo(printable(line))
    for remark in verdict_remarks(verdict):
        narrate(remark)


def _announce(access: Access, verdict: "Verdict") -> None:
    begin = f"s3://{access.deployment.log_bucket}/"
    keys = [name.removeprefix(begin) for name in verdict.to_announce() if name.startswith(begin)]
    for _ in access.announcer.announce(keys):
        pass
    narrate(f"{counted(len(keys), 'object')} re-announced.")
