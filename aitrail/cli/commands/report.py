"""`aitrail report`: writes one HTML file that shows the calls of a window at a glance."""

import os
import shlex
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from aitrail.cells import counted, indented_json
from aitrail.cli.options import Asked, Command, Span, amounts_of, option, prices_option, question_options, usual_prices
from aitrail.cli.output import narrate, progress
from aitrail.cli.views import refuse_with
from aitrail.questions import Filter

if TYPE_CHECKING:
    from aitrail.report import Metered, Question, Report

_FILE = "The page"
_COUNT = "What to count"
_ARGUMENTS = "aitrail.report.arguments"
_USUAL_NAME = Path("report.html")
# Options that say where the rows are, for the command that shows one of them.
_PLACES = {
    "paths": "--from",
    "more": "",
    "stack": "--stack",
    "region": "--region",
    "profile": "--profile",
    "endpoint_url": "--endpoint-url",
}


class _Remembering(Command):
    """A command that remembers how it was called."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)


@click.command(cls=_Remembering)
@option(
    _FILE,
    "-o",
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=f"The file to write.  [default: {_USUAL_NAME}]",
)
@option(_FILE, "--force", is_flag=True, help="Replace the file if it exists.")
@option(_FILE, "--open", "opened", is_flag=True, help="Open the page in a browser.")
@option(_FILE, "--json", "as_json", is_flag=True, help="Write no page, but its numbers as JSON to stdout.")
@option(
    _FILE, "--without-proof", is_flag=True, help="Do not read the ledger, which tells whether the numbers are complete."
)
@option(
    _COUNT,
    "--lookback",
    type=Span(),
    default="30d",
    show_default=True,
    metavar="SPAN",
    help="How much time before the window is read: who is not in it is new.",
)
@prices_option(_COUNT, "Use your own prices (a TOML file), not those of `aitrail prices`.")
@option(
    _COUNT,
    "--metrics",
    is_flag=True,
    help="Also show amounts from CloudWatch's metrics, as `usage --metrics` does, told apart from what records say.",
)
@question_options()
@click.pass_context
def report(
    context: click.Context,
    *,
    asked: Asked,
    path: Path | None,
    force: bool,
    opened: bool,
    as_json: bool,
    without_proof: bool,
    lookback: timedelta,
    prices: str | None,
    metrics: bool,
) -> None:
    """Write a page that shows the calls of a window at a glance.

    The page is one HTML file. It needs no server and no network, and sends nothing: open it, archive it, or mail it. It
    shows the numbers beside those of the window before, calls by day and service, failures, characters, minutes and
    cost, who called what from where, the hours of the week, new and silent principals, resources that are billed
    whether or not anybody calls them, and notable events. A click on a value filters everything, and the address of the
    page has the filter.

    Its numbers are those of `aitrail usage` for the same question. Of each dimension, it keeps the 50 values with the
    most calls, and sums all others; if there are very many combinations, it keeps fewer, or days instead of hours, and
    says so. So the page of a month has at most 1.5 MB, whatever the number of calls, and no page more than 3 MB.

    --metrics joins CloudWatch's totals to calls as `aitrail usage --metrics` does: the page shows what records say and
    what was shared among calls apart, in numbers, charts and legends, and the rule. It needs cloudwatch:GetMetricData;
    of conditions, it takes only --service, --account and --in-region.

    With a stack, the page also says whether the ledger has all log files of the window. The rows of the window are read
    twice, and those of the --lookback once; in a table, the creation of resources is looked for in a year.

    \b
    Examples:
      aitrail report --since 30d -o report.html
      aitrail report --during last-month --service polly --open
      aitrail report --during last-month --metrics
      aitrail report --from AWSLogs/ --since 2026-11-01 --until 2026-12-01
      aitrail report --since 7d --json | jq .standsOut
    """
    from aitrail.report import About, Question, billed_of, document_of, html_of, report_of  # noqa: PLC0415 (would slow down --help)

    if as_json and (path or force or opened):
        raise click.UsageError("--json writes no page: leave out -o, --force and --open.")
    if metrics:
        refuse_with("--metrics", asked, {}, instead="filter the page by it")
    target = path or _USUAL_NAME
    if not as_json:
        _refuse(target, force=force)
    question = Question(
        source=asked.place.source,
        wanted=Filter.of(asked.registry, naming=asked.naming, **asked.conditions),
        window=asked.window,
        now=asked.now,
        zone=asked.zone,
        naming=asked.naming,
        prices=usual_prices(prices),
        lookback=lookback,
        registry=asked.registry,
    )
    with progress() as show:
        show("Reading …")
        found = report_of(question, lambda text, rows, whole: show(_told(text, rows, whole), rows, whole))
        about = About(
            command=shlex.join(_given(context)),
            event_options=shlex.join(_place(context)),
            source=str(asked.place),
            conditions=asked.conditions,
            proof=None if without_proof else _proof(asked, found),
            billed=billed_of(question, asked.store, asked.conditions),
            metered=_metered(asked, question, found) if metrics else None,
        )
        show("Writing …")
        text = indented_json(document_of(found, about)) if as_json else html_of(found, about)
    if as_json:
        click.echo(text)
    else:
        _write(target, text)
        narrate(f"{target} has been written: {counted(found.records, 'record')}, {len(text):,} bytes.")
    if not found.records:
        asked.narrate_nothing("calls")
    if opened:
        click.launch(target.resolve().as_uri())


def _metered(asked: Asked, question: "Question", found: "Report") -> "Metered":
    from aitrail.report import Metered  # noqa: PLC0415 (as above)

    notes: list[str] = []
    by = (found.folding.level.unit, *found.folding.names)
    parts, window = amounts_of(asked, by, question.prices, notes.append)
    return Metered(parts=parts, window=asked.text_of(window), notes=notes)


def _told(text: str, rows: int, whole: int | None) -> str:
    return f"{text} …" if whole else f"{text} … {counted(rows, 'row')}"


def _refuse(path: Path, *, force: bool) -> None:
    """Refuses a file that cannot be written, before anything is read."""
    if path.exists() and not force:
        raise click.UsageError(f"{path} exists: give another name (-o), or --force to replace it.")
    folder = path.parent
    if not folder.is_dir():
        raise click.UsageError(f"{folder} is not a folder: create it, or give another name (-o).")
    if not os.access(folder, os.W_OK):
        raise click.UsageError(f"{folder} cannot be written to: give another name (-o).")


def _write(path: Path, text: str) -> None:
    """Writes the whole file or nothing of it."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _given(context: click.Context) -> list[str]:
    return ["aitrail", "report", *context.meta[_ARGUMENTS]]


def _place(context: click.Context) -> Iterator[str]:
    """The options that say where the rows are, as they were given."""
    for name, option_name in _PLACES.items():
        value: Any = context.params.get(name)
        if value and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            for each in value if isinstance(value, tuple) else (value,):
                yield from filter(None, (option_name, str(each)))


def _proof(asked: Asked, found: "Report") -> dict[str, Any] | None:
    from botocore.exceptions import ClientError  # noqa: PLC0415 (as above)

    from aitrail.aws import code_of  # noqa: PLC0415 (imports botocore)
    from aitrail.report import proof_of  # noqa: PLC0415 (as above)

    proofs: dict[str, Any] = {}
    for access in asked.place.stacks:
        try:
            proofs[access.label] = proof_of(access.ledger, found.shown, asked.now)
        except ClientError as error:
            if not code_of(error).startswith("AccessDenied"):
                raise
            proofs[access.label] = {"unknown": "The ledger could not be read: there is no permission for it."}
            narrate(f"The page does not say whether its numbers are complete: {access}: {error}")
    return {"stacks": proofs} if proofs else None
