"""The place where a question is asked: the tables of deployed stacks, or log files (--from)."""

import functools
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol

import click
from click.core import ParameterSource

from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options.aws import Access
from aitrail.cli.options.caching import cache_folder
from aitrail.cli.options.command import option, verbose_option
from aitrail.cli.options.exported import ExportFolder
from aitrail.cli.options.jobs import jobs_option
from aitrail.cli.options.paths import PATH, further
from aitrail.cli.options.reading_progress import scan_progress
from aitrail.cli.options.service_files import narrate_other_services, registry_of, service_files_option
from aitrail.cli.options.stacks import refuse_several_buckets, stacks_options
from aitrail.cli.options.window import clock_of
from aitrail.cli.output import narrate, progress_line
from aitrail.clock import Clock
from aitrail.deliveries import S3
from aitrail.errors import noted
from aitrail.questions import STDIN, Row, RowSource, is_export
from aitrail.services import Registry
from aitrail.window import EARLIEST, LATEST

if TYPE_CHECKING:
    from aitrail.questions import ScanCache

_SECTION = "Where"
# The maximum number of paths that a message names.
_NAMED_PATHS = 3
# And of stacks.
_NAMED_STACKS = 5


class Place(Protocol):
    """A place with rows, and messages about it. Its text can follow `in`."""

    @property
    def source(self) -> RowSource:
        """The rows."""
        ...

    @property
    def since(self) -> str | datetime:
        """The default start of a window."""
        ...

    @property
    def until(self) -> str | datetime:
        """The default end of a window."""
        ...

    @property
    def advice(self) -> str:
        """What to check if nothing is found."""
        ...

    @property
    def stacks(self) -> tuple[Access, ...]:
        """The deployed stacks; () if there is none."""
        ...

    def access_of(self, row: Row) -> Access:
        """The access to where the row is from."""
        ...

    def progress(self, seconds: float) -> str:
        """What has been read in that many seconds, as text for people; "" if nothing is being read yet."""
        ...

    def narrate(self, *, at_length: bool) -> None:
        """Reports problems of reading; `at_length` also the cost of reading."""
        ...

    def exit_code(self, *, strict: bool) -> int:
        """The exit code of a command without problems of its own; with `strict`, unreadable files matter."""
        ...


class Deployed:
    """The events table of a deployed stack, or the tables of several, which are queried together."""

    since = "7d"
    until = "now"
    advice = (
        "Check the window (--since, --until), the stack (--stack, --region, --profile), and whether log files arrive: "
        "CloudTrail delivers them 5 to 15 minutes after a call."
    )

    def __init__(self, *accesses: Access, registry: Registry) -> None:
        self._accesses = accesses
        self._registry = registry

    @property
    def stacks(self) -> tuple[Access, ...]:
        """See Place."""
        return self._accesses

    def __str__(self) -> str:
        if len(self._accesses) == 1:
            return str(self._accesses[0])
        named = [access.label for access in self._accesses[:_NAMED_STACKS]]
        others = len(self._accesses) - len(named)
        return f"the stacks {', '.join(named)}" + (f" and {others:,} more" if others else "")

    @cached_property
    def source(self) -> RowSource:
        """See Place. Raises StackNotFoundError and botocore's errors, with notes if there are several stacks."""
        from aitrail.questions import CombinedRows  # noqa: PLC0415 (would slow down --help)

        tables, names = self._tables, [str(access) for access in self._accesses]
        return CombinedRows(tables, names=names) if len(tables) > 1 else tables[0]

    @cached_property
    def _tables(self) -> list[RowSource]:
        return [self._table(access) for access in self._accesses]

    def _table(self, access: Access) -> RowSource:
        from aitrail.questions import TableRows  # noqa: PLC0415 (imports boto3)

        with noted(str(access)) if len(self._accesses) > 1 else nullcontext():
            deployment = access.deployment
            narrate_other_services(access, self._registry)
            return TableRows(
                access.client("dynamodb"),
                deployment.events_table,
                registry=self._registry,
                retention=deployment.row_retention,
                created=deployment.created,
            )

    def access_of(self, row: Row) -> Access:
        """See Place."""
        from aitrail.questions import RowOf  # noqa: PLC0415 (as above)

        return self._accesses[self._tables.index(row.source) if isinstance(row, RowOf) else 0]

    def progress(self, seconds: float) -> str:
        """See Place."""
        source: RowSource | None = self.__dict__.get("source")  # another thread may just be connecting to it
        return f"{seconds:,.0f} s: {source.effort()}" if source else ""

    def narrate(self, *, at_length: bool) -> None:
        """See Place."""
        if at_length:
            narrate(f"Reading took {self.source.effort()}.")

    def exit_code(self, *, strict: bool) -> int:  # noqa: ARG002 (see Place)
        """See Place."""
        return 0


class LogFiles:
    """Log files, without any table."""

    since = EARLIEST
    until = LATEST
    stacks = ()
    advice = "Check the window (--since, --until) and the paths (--from)."

    def __init__(
        self,
        paths: tuple[str, ...],
        access: Access,
        clock: Clock,
        *,
        registry: Registry,
        read_all: bool = False,
        jobs: int = 1,
        no_cache: bool = False,
    ) -> None:
        from aitrail.questions import Scan  # noqa: PLC0415 (would slow down --help)

        self._access = access
        self._paths = paths
        self._scan = Scan(
            paths,
            report=narrate,
            s3=lambda: access.client("s3"),
            registry=registry,
            clock=clock,
            read_all=read_all,
            jobs=jobs,
            counts_first=True,
            cache=None if no_cache else partial(_cache, registry),
        )

    def __str__(self) -> str:
        named = ["standard input" if path == STDIN else path for path in self._paths[:_NAMED_PATHS]]
        others = len(self._paths) - len(named)
        return ", ".join(named) + (f" and {others:,} more" if others else "")

    @cached_property
    def source(self) -> RowSource:
        """See Place."""
        from aitrail.questions import LogFileRows  # noqa: PLC0415 (imports sqlite3)

        return LogFileRows(self._scan)

    def access_of(self, row: Row) -> Access:  # noqa: ARG002 (see Place)
        """See Place."""
        return self._access

    def progress(self, seconds: float) -> str:
        """See Place."""
        return scan_progress(self._scan, seconds)

    def narrate(self, *, at_length: bool) -> None:
        """See Place."""
        for remark in self._scan.remarks(at_length=at_length):
            narrate(remark)

    def exit_code(self, *, strict: bool) -> int:
        """See Place."""
        if strict and self._scan.needs_attention:
            return ExitCode.NEEDS_ATTENTION
        counts = self._scan.counts
        if counts["unreadable"] and not counts["files"]:
            narrate("No log file could be read.")
            return ExitCode.FAILURE
        return 0


def _cache(registry: Registry) -> "ScanCache | None":
    from aitrail.questions import scan_cache_in  # noqa: PLC0415 (imports sqlite3)

    with suppress(OSError):  # no folder is known
        return scan_cache_in(cache_folder(), registry)
    return None


def refuse_unused(context: click.Context, paths: tuple[str, ...]) -> None:
    """Refuses options that have no effect on log files, because a user who gives them expects one."""
    is_of_aws = any(path.startswith(S3) for path in (*paths, context.params.get("bill") or ""))
    for name in ("stack",) if is_of_aws else ("stack", "profile", "region", "endpoint_url"):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            called = any("--in-region" in parameter.opts for parameter in context.command.params)
            advice = " To filter by the Region that was called, use --in-region." if name == "region" and called else ""
            given = f"--{name.replace('_', '-')}"
            if "stack" not in context.params:
                raise click.UsageError(f"{given} applies to s3:// paths only, and there are none: leave it out.")
            raise click.UsageError(f"{given} selects the stack, but --from reads no stack: leave one out.{advice}")


def _refuse_without_paths(**flags: bool) -> None:
    for name, is_given in flags.items():
        if is_given:
            raise click.UsageError(f"--{name.replace('_', '-')} applies to log files: use it with --from.")


def _export_of(context: click.Context, paths: tuple[str, ...], access: Access, registry: Registry) -> ExportFolder:
    from aitrail.questions.export import exported_in  # noqa: PLC0415 (would slow down --help)

    for name in ("read_all", "jobs", "no_cache"):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name.replace('_', '-')} applies to log files: leave it out with an export.")
    return ExportFolder(exported_in(paths, registry), access)


def place_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds --from, -v and the options for AWS; the command gets a Place as `place`.

    Paths after the path of --from belong to it as well, so that a shell pattern can be used. After the command,
    problems of reading are reported on stderr.
    """

    @option(
        _SECTION,
        "--from",
        "paths",
        type=PATH,
        multiple=True,
        metavar="PATH...",
        help="Read log files instead of the table: files, folders, - or s3://BUCKET/PREFIX; or a folder of `aitrail "
        "export`.",
    )
    @click.argument("more", nargs=-1, metavar="")
    @option(_SECTION, "--strict", is_flag=True, help="With --from: exit with 4 if a file or record cannot be read.")
    @option(
        _SECTION,
        "--read-all",
        is_flag=True,
        help="With --from: also read log files that cannot matter if their names are true.",
    )
    @jobs_option(_SECTION)
    @option(
        _SECTION,
        "--no-cache",
        is_flag=True,
        help="With --from: read every local file, and keep nothing of it for the next question.",
    )
    @stacks_options
    @service_files_option
    @verbose_option("Show how much was read.")
    @functools.wraps(command)
    def with_place(
        *args: Any,  # noqa: ANN401 (passed through)
        paths: tuple[str, ...],
        more: tuple[str, ...],
        strict: bool,
        read_all: bool,
        jobs: int,
        no_cache: bool,
        accesses: tuple[Access, ...],
        verbose: bool,
        **options: Any,  # noqa: ANN401 (passed through)
    ) -> None:
        if more and not paths:
            raise click.UsageError(f"Got unexpected extra argument ({more[0]}). Name log files with --from.")
        context = click.get_current_context()
        if paths:
            refuse_unused(context, (*paths, *more))
            refuse_several_buckets(context)
        else:
            is_given = context.get_parameter_source("jobs") is ParameterSource.COMMANDLINE
            _refuse_without_paths(strict=strict, read_all=read_all, jobs=is_given, no_cache=no_cache)
        registry = registry_of(context)
        place: Place = Deployed(*accesses, registry=registry)
        if paths:
            every = (*paths, *map(further, more))
            flags: Any = {"read_all": read_all, "jobs": jobs, "no_cache": no_cache}
            if any(map(is_export, every)):
                place = _export_of(context, every, accesses[0], registry)
            else:
                place = LogFiles(every, accesses[0], clock_of(context), registry=registry, **flags)
        try:
            with progress_line(place.progress):
                command(*args, place=place, **options)
        except click.exceptions.Exit:  # the command has its own exit code
            place.narrate(at_length=verbose)
            raise
        place.narrate(at_length=verbose)
        if code := place.exit_code(strict=strict):
            context.exit(code)

    return with_place
