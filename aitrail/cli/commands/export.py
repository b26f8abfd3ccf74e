"""`aitrail export`: writes rows to files for DuckDB, Athena and spreadsheets."""

from pathlib import Path

import click

from aitrail.cells import counted
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import Asked, Command, OneOf, option, prices_option, question_options, usual_prices
from aitrail.cli.output import narrate, progress
from aitrail.questions.export import FORMATS, OCSF, SCHEMAS, Exported, OtherExportError

_INCOMPLETE = "Some log files could not be read: this export does not count as complete. Run the same command again."
_FORMAT = OneOf(tuple(FORMATS))


@click.command(cls=Command)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@question_options()
@option("Files", "--format", "format_", type=_FORMAT, default="parquet", show_default=True, help="File format.")
@option(
    "Files",
    "--schema",
    type=OneOf(SCHEMAS),
    default=SCHEMAS[0],
    show_default=True,
    help="Rows as aitrail has them, or events of OCSF's class API Activity (parquet, jsonl).",
)
@option("Files", "--whole", is_flag=True, help="Export all attributes, not only the indexed columns.")
@option(
    "Files",
    "--force",
    is_flag=True,
    help="Export complete days again, and replace files that have other settings or more rows.",
)
@prices_option("Files", "The prices of costs (a TOML file).  [default: those of `aitrail prices`]")
@click.pass_context
def export(
    context: click.Context,
    *,
    folder: Path,
    asked: Asked,
    format_: str,
    schema: str,
    whole: bool,
    force: bool,
    prices: str | None,
) -> None:
    """Write calls to files in DIR, one for each service and day.

    A file is named like DIR/service=polly/eventDay=2026-11-21/events.parquet. Run the same command later to export new
    calls. If the table or the log files have a row from at least 24 hours after the end of a day when it is exported,
    the day is complete, and later exports skip it. docs/export.md has example queries.

    The columns amount and unit say what a call is billed by, source whether its record tells that (measured) or not
    (unknown: amount and cost are empty), and cost what it costs at list prices. Each call counts in one row, so that
    the costs of Polly add up to those of `aitrail usage --cost`.

    Exits with 4 if log files cannot be read; the export then does not count as complete. Also exits with 4 if a file
    would have fewer rows than before; the old file is then kept.

    \b
    Examples:
      aitrail export lake/ --since 90d
      aitrail export lake/ --from AWSLogs/ --whole
      aitrail export siem/ --schema ocsf --format jsonl --since 1d
      aitrail export sheets/ --format csv --service transcribe --since 2026-11-01 --until 2026-12-01
      duckdb -c "SELECT principal, sum(cost) FROM 'lake/*/*/*.parquet' GROUP BY principal"
    """
    if schema == OCSF and (whole or format_ == "csv"):
        reason = "--whole has no effect" if whole else "--format csv cannot hold nested events"
        raise click.UsageError(f"{reason} with --schema ocsf: leave it out, or give parquet or jsonl.")
    with progress() as show:
        try:
            exported = asked.store.export(
                folder,
                format=format_,
                schema=schema,
                whole=whole,
                force=force,
                prices=usual_prices(prices),
                progress=lambda service, day, rows: show(f"{service} {day}: {counted(rows, 'row')}"),
                **asked.question,
            )
        except OtherExportError as error:
            raise click.UsageError(str(error)) from error
    if exported.files or exported.complete or exported.removed or exported.kept:
        narrate(_summary(exported, folder))
    else:
        asked.narrate_nothing()
    if not exported.source_complete:
        narrate(_INCOMPLETE)
    if exported.needs_attention:
        context.exit(ExitCode.NEEDS_ATTENTION)


def _summary(exported: Exported, folder: Path) -> str:
    parts = [f"{counted(exported.files, 'file')} written to {folder} with {counted(exported.rows, 'row')}"]
    if exported.removed:
        parts.append(f"{counted(exported.removed, 'file')} removed (no rows left)")
    if exported.kept:
        parts.append(f"{counted(exported.kept, 'file')} kept with more rows than now (--force replaces them)")
    if exported.complete:
        parts.append(f"{counted(exported.complete, 'service-day')} skipped as complete")
    return f"{', '.join(parts)}."
