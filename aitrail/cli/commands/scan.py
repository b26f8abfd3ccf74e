"""`aitrail scan`: shows the rows that the Lambda would write for log files, without any table."""

import sys
from functools import partial

import click

from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import (
    PATH,
    Access,
    Command,
    bucket_options,
    clock_of,
    jobs_option,
    output_options,
    refuse_unused,
    registry_of,
    scan_progress,
    service_files_option,
    timezone_option,
)
from aitrail.cli.output import ROW_COLUMNS, Output, narrate, progress_line
from aitrail.dynamodb import tables


@click.command(cls=Command)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=PATH)
@click.option("--strict", is_flag=True, help="Exit with 4 if a file is unreadable or a record is rejected.")
@jobs_option("Where")
@bucket_options
@service_files_option
@timezone_option("Output", "tables")
@output_options(default="jsonl", shapes=True)
@click.pass_context
def scan(
    context: click.Context, *, paths: tuple[str, ...], strict: bool, jobs: int, access: Access, output: Output
) -> None:
    """Show the rows that log files contain, without using a table.

    PATH is a CloudTrail log file, compressed or not, a folder of them (.json.gz, .json) at any depth,
    s3://BUCKET/PREFIX, or - for standard input, in which log files may follow one another. Every file is read once,
    even if it is named or symbolically linked several times.

    The rows are the same as in the events table, except that logFile is the path and that there is no expiresAt. If
    CloudTrail delivered a record in two files, it appears twice, with the same eventID. Unreadable files and rejected
    records are reported on stderr.

    \b
    Examples:
      aitrail scan AWSLogs/ | jq -r .principal | sort | uniq -c
      aitrail scan s3://BUCKET/AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/20/
      cat *.json.gz | aitrail scan -
    """
    from aitrail.questions import Scan  # noqa: PLC0415 (would slow down --help)

    refuse_unused(context, paths)
    scanned = Scan(
        paths,
        report=narrate,
        s3=lambda: access.client("s3"),
        registry=registry_of(context),
        clock=clock_of(context),
        jobs=jobs,
        counts_first=sys.stderr.isatty() and not sys.stdout.isatty(),
    )
    csv = (*tables.NARROW_COLUMNS, "logFile", "recordIndex")
    with progress_line(partial(scan_progress, scanned)):
        output.write(scanned.rows(), table=ROW_COLUMNS, csv=csv, usual=True)
    for remark in scanned.remarks(at_length=sys.stderr.isatty()):
        narrate(remark)
    if strict and scanned.needs_attention:
        context.exit(ExitCode.NEEDS_ATTENTION)
