"""`aitrail verify`: proves that every delivery of a window was ingested, and every wanted record became a row."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aitrail.cells import counted, printable
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import Access, Command, Report, now_of, option, report_options
from aitrail.cli.output import narrate, progress
from aitrail.cli.views import verdict_lines, verdict_remarks, verdict_report

if TYPE_CHECKING:
    from aitrail.digests import GivenKeys
    from aitrail.proof import Verdict, Verification


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
    since="1d",
)
@click.pass_context
def verify(context: click.Context, *, deep: bool, announce: bool, public_keys: Path | None, report: Report) -> None:
    """Prove that nothing was lost, or list the exceptions.

    Checks that every log file that CloudTrail delivered was ingested unchanged, and that every wanted record is in the
    table exactly once, or is a reject (`aitrail rejects`).

    CloudTrail's hourly digests list what was delivered. The function checks their signatures and their chain when they
    arrive, and compares their lists with the ledger. This command relies on these results, and counts the rows in the
    table. It reads a log file again only if its events were also delivered in another file.

    Log files of the last two hours may not have a digest yet: they count as open. --deep does not rely on the ledger:
    it reads all digests, log files and rows again, which takes as long as ingesting them.

    With --public-keys, digests that the function could not verify are read and checked again. FILE is for Regions that
    do not let you call ListPublicKeys. It is a JSON object: {"REGION": ...}, by Region what `aws cloudtrail
    list-public-keys --region REGION` prints for someone who may.

    Exits with 4 if there are exceptions.

    \b
    Examples:
      aitrail verify --since 7d
      aitrail verify --since 2026-11-01 --until 2026-12-01 --deep
      aitrail verify --since 30d --announce
      aitrail verify --since 7d --public-keys keys.json
    """
    with progress() as show:
        verification = _verification(
            report,
            keys=_given(public_keys),
            now=now_of(context),
            reading=lambda name: show(f"Reading {printable(name)}"),
        )
        verdict = verification.verify_deep(report.window) if deep else verification.verify(report.window)
    _write(verdict, report)
    if announce:
        _announce(report.access, verdict)
    if report.verbose:
        narrate(
            f"Reading took {verification.reader.effort()} for the ledger, {verification.source.effort()} for the table."
        )
    if not verdict.proved:
        context.exit(ExitCode.NEEDS_ATTENTION)


def _given(path: Path | None) -> "GivenKeys | None":
    from aitrail.digests import InvalidKeysError, read_keys  # noqa: PLC0415 (would slow down --help)

    if path is None:
        return None
    try:
        return read_keys(path.read_bytes())
    except (InvalidKeysError, OSError) as error:
        raise click.UsageError(f"--public-keys {path}: {error}") from error


def _verification(
    report: Report, *, keys: "GivenKeys | None", now: datetime, reading: Callable[[str], None]
) -> "Verification":
    from aitrail.digests import PublicKeys  # noqa: PLC0415 (would slow down --help)
    from aitrail.proof import Verification  # noqa: PLC0415
    from aitrail.questions import TableRows  # noqa: PLC0415
    from aitrail.services import load  # noqa: PLC0415

    access, deployment = report.access, report.access.deployment
    return Verification(
        reader=access.ledger,
        source=TableRows(access.client("dynamodb"), deployment.events_table),
        s3=access.client("s3"),
        public_keys=PublicKeys(lambda region: access.client("cloudtrail", region), given=lambda: keys or {}),
        registry=load(),
        now=now,
        retention=deployment.row_retention,
        origins=report.origins,
        rechecks=keys is not None,
        progress=reading,
    )


def _write(verdict: "Verdict", report: Report) -> None:
    window, output = report.window, report.output
    if output.format == "json" or output.query is not None:
        output.write_value(verdict_report(verdict, window))
        return
    for line in verdict_lines(verdict, window):
        click.echo(printable(line))
    for remark in verdict_remarks(verdict):
        narrate(remark)


def _announce(access: Access, verdict: "Verdict") -> None:
    begin = f"s3://{access.deployment.log_bucket}/"
    keys = [name.removeprefix(begin) for name in verdict.to_announce() if name.startswith(begin)]
    for _ in access.announcer.announce(keys):
        pass
    narrate(f"{counted(len(keys), 'object')} re-announced.")
