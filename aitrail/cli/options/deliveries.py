"""What commands that report on deliveries have in common, and commands that queue them again."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aitrail.cli.options.aws import Access, aws_options
from aitrail.cli.options.origins import origin_options
from aitrail.cli.options.output import output_options
from aitrail.cli.options.sections import option, verbose_option
from aitrail.cli.options.waiting import Wait, wait_options
from aitrail.cli.options.window import window_options
from aitrail.cli.output import Output
from aitrail.deliveries import Origins
from aitrail.window import Window

DELIVERED = "Time of delivery (UTC)"

_Decorator = Callable[[Callable[..., None]], Callable[..., None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report on the deliveries of a window, of some accounts and Regions."""

    window: Window
    origins: Origins
    access: Access
    verbose: bool
    output: Output


def report_options(*own: _Decorator, since: str) -> _Decorator:
    """Add the options of a report, whose window begins `since` by default; the command gets them as one Report.

    Those of its `own` stand in the middle: behind which deliveries it is about, and before where and how.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @window_options(DELIVERED, since=since)
        @origin_options
        @_all_of(*own)
        @aws_options
        @verbose_option("Show how much was read.")
        @output_options("table", formats=("table", "json"), of="the object")
        @functools.wraps(command)
        def with_report(
            *args: Any,  # noqa: ANN401 (passed through)
            window: Window,
            origins: Origins,
            access: Access,
            verbose: bool,
            output: Output,
            **options: Any,  # noqa: ANN401 (passed through)
        ) -> None:
            report = Report(window=window, origins=origins, access=access, verbose=verbose, output=output)
            command(*args, report=report, **options)

        return with_report

    return decorated


def _all_of(*decorators: _Decorator) -> _Decorator:
    return lambda command: functools.reduce(lambda decorated, add: add(decorated), reversed(decorators), command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requeue:
    """How a command queues files: not at all in a `dry_run`, and with a `wait` until the function has read them."""

    dry_run: bool
    wait: Wait | None
    access: Access
    verbose: bool
    output: Output


def requeue_options(*, dry_run: str, of: str) -> _Decorator:
    """Add --dry-run, --wait, --timeout, and where and how; the command gets them as one Requeue.

    `dry_run` is the help of --dry-run, `of` says what a query is asked of.
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
