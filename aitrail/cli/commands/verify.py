"""`aitrail verify`: whether every delivery of a window is accounted for, and every wanted record a row."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import click

from aitrail.cells import counted, printable
from aitrail.cli.options import (
    Access,
    Command,
    aws_options,
    now_of,
    option,
    origin_options,
    output_options,
    window_options,
)
from aitrail.cli.output import ATTENTION, Output, narrate, progress
from aitrail.cli.views import verdict_lines, verdict_remarks, verdict_report
from aitrail.deliveries import Origins
from aitrail.window import Window

if TYPE_CHECKING:
    from aitrail.proof import Verdict, Verification


@click.command(cls=Command)
@window_options("When they were delivered (UTC)", since="1d")
@origin_options
@option("How", "--deep", is_flag=True, help="Read every digest, log file and row again, and compare.")
@option(
    "How", "--announce", is_flag=True, help="Announce again what is listed and has not come, and unverifiable digests."
)
@aws_options
@option("Where", "-v", "--verbose", is_flag=True, help="Tell what reading took.")
@output_options("table", formats=("table", "json"), of="the object")
@click.pass_context
def verify(
    context: click.Context,
    *,
    window: Window,
    origins: Origins,
    deep: bool,
    announce: bool,
    access: Access,
    verbose: bool,
    output: Output,
) -> None:
    """Prove that nothing was lost, or name what is in the way.

    Every log file that CloudTrail delivered has to be ingested as it was delivered, and every wanted record has to be a
    row, once, or a visible reject.

    CloudTrail's hourly digests are the list of what was delivered. Their signatures and their chain were checked when
    they came, and what they list was held against the ledger: what is proved there is not read again. The rows are
    counted in the table; only log files whose events were delivered in another file too are read once more.

    Log files of the last two hours may still lack their digest: they are counted as open. With --deep nothing is
    believed: digests, log files and rows are read again, which takes as long as ingesting them did.

    Exit code 4 means that something is in the way, or needs a person.

    \b
    Examples:
      aitrail verify --since 7d
      aitrail verify --since 2026-11-01 --until 2026-12-01 --deep
      aitrail verify --since 30d --announce
    """
    now = now_of(context)
    with progress() as show:
        verification = _verification(
            access, now=now, origins=origins, reading=lambda name: show(f"Reading {printable(name)}")
        )
        verdict = verification.verify_deep(window) if deep else verification.verify(window)
    _write(verdict, window, output)
    if announce:
        _announce(access, verdict)
    if verbose:
        narrate(
            f"Reading took {verification.reader.effort()} of the ledger, {verification.source.effort()} of the table."
        )
    if not verdict.proved:
        context.exit(ATTENTION)


def _verification(access: Access, *, now: datetime, origins: Origins, reading: Callable[[str], None]) -> "Verification":
    from aitrail.digests import PublicKeys  # noqa: PLC0415 (imports what --help does not need)
    from aitrail.proof import Verification  # noqa: PLC0415
    from aitrail.questions import TableRows  # noqa: PLC0415
    from aitrail.services import load  # noqa: PLC0415

    deployment = access.deployment
    return Verification(
        reader=access.ledger,
        source=TableRows(access.client("dynamodb"), deployment.events_table),
        s3=access.client("s3"),
        public_keys=PublicKeys(lambda region: access.client("cloudtrail", region)),
        registry=load(),
        now=now,
        retention=deployment.row_retention,
        origins=origins,
        progress=reading,
    )


def _write(verdict: "Verdict", window: Window, output: Output) -> None:
    if output.format == "json" or output.query is not None:
        output.write_value(verdict_report(verdict, window))
        return
    for line in verdict_lines(verdict, window):
        click.echo(printable(line))
    for remark in verdict_remarks(verdict):
        narrate(remark)


def _announce(access: Access, verdict: "Verdict") -> None:
    begin = f"s3://{access.deployment.log_bucket}/"
    keys = [name.removeprefix(begin) for name in verdict.overdue() if name.startswith(begin)]
    for _ in access.announcer.announce(keys):
        pass
    narrate(f"{counted(len(keys), 'object')} announced again.")
