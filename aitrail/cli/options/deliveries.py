"""The shared options of commands that report on deliveries, and of commands that queue them again."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import click

from aitrail.cells import printable
from aitrail.cli.options.aws import Access
from aitrail.cli.options.command import option, verbose_option
from aitrail.cli.options.origins import origin_options
from aitrail.cli.options.output import output_options
from aitrail.cli.options.service_files import service_files_option
from aitrail.cli.options.stacks import aws_options, stacks_options
from aitrail.cli.options.waiting import Wait, wait_options
from aitrail.cli.options.window import window_options
from aitrail.cli.output import Output, narrate
from aitrail.deliveries import Origins
from aitrail.errors import noted
from aitrail.window import Window

DELIVERED = "Time of delivery (in UTC or --timezone)"

_Decorator = Callable[[Callable[..., None]], Callable[..., None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The options of a report on the deliveries of a window, for some accounts and Regions."""

    window: Window
    origins: Origins
    access: Access
    verbose: bool
    output: Output
    is_one_of_several: bool = False

    def write_value(self, value: dict[str, Any]) -> None:
        """Writes the report for programs; with the stack and its Region, if there are reports on several."""
        names = {"stack": self.access.stack, "region": self.access.region_name} if self.is_one_of_several else {}
        self.output.write_value(names | value)


def report_options(*own: _Decorator, since: str, until: str = "now") -> _Decorator:
    """Adds the options of a report; the command gets them as one Report, and runs once for each stack.

    The exit code is the highest. An error ends the command, and names the stack if there are several.

    `since` is the window's default start, `until` is what the help calls its default end.
    The command's `own` options are listed after those that select deliveries, and before the others.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @window_options(DELIVERED, since=since, until=until)
        @origin_options
        @_all_of(*own)
        @stacks_options
        @service_files_option
        @verbose_option("Show how much was read.")
        @output_options("table", formats=("table", "json"), of="the object")
        @functools.wraps(command)
        def with_report(
            *args: Any,  # noqa: ANN401 (passed through)
            window: Window,
            origins: Origins,
            accesses: tuple[Access, ...],
            verbose: bool,
            output: Output,
            **options: Any,  # noqa: ANN401 (passed through)
        ) -> None:
            report = Report(window=window, origins=origins, access=accesses[0], verbose=verbose, output=output)
            if len(accesses) == 1:
                command(*args, report=report, **options)
                return
            code = 0
            for number, access in enumerate(accesses):
                each = replace(report, access=access, is_one_of_several=True)
                _head(each, is_first=number == 0)
                with noted(str(access)):
                    code = max(code, _exit_code(functools.partial(command, *args, report=each, **options)))
            click.get_current_context().exit(code)

        return with_report

    return decorated


def _head(report: Report, *, is_first: bool) -> None:
    """Writes a line above the report on one of several stacks."""
    heading = f"Stack {report.access.label}:"
    if not report.output.is_table:
        narrate(heading)
        return
    click.echo(("" if is_first else "\n") + printable(heading))


def _exit_code(command: Callable[[], None]) -> int:
    try:
        command()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    return 0


def _all_of(*decorators: _Decorator) -> _Decorator:
    return lambda command: functools.reduce(lambda decorated, add: add(decorated), reversed(decorators), command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requeue:
    """Options for queueing files: a `dry_run` queues nothing; with `wait`, the command waits for the function."""

    dry_run: bool
    wait: Wait | None
    access: Access
    verbose: bool
    output: Output


def requeue_options(*, dry_run: str, of: str) -> _Decorator:
    """Adds --dry-run, --wait, --timeout and the options for deployment and output; the command gets one Requeue.

    `dry_run` is the help of --dry-run, `of` describes the value that a query is applied to.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @option("How", "--dry-run", is_flag=True, help=dry_run)
        @wait_options
        @aws_options
        @verbose_option("Show how much of the ledger was read.")
        @output_options(of=of)
        @functools.wraps(command)
        def with_requeue(
            *args: Any,  # noqa: ANN401 (passed through)
            dry_run: bool,
            wait: Wait | None,
            access: Access,
            verbose: bool,
            output: Output,
            **options: Any,  # noqa: ANN401 (passed through)
        ) -> None:
            requeue = Requeue(dry_run=dry_run, wait=wait, access=access, verbose=verbose, output=output)
            command(*args, requeue=requeue, **options)

        return with_requeue

    return decorated
