"""Where to ask: the table of a deployed stack, or log files (--from)."""

import functools
from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

import click

from aitrail.cli.aws import Access, aws_options
from aitrail.cli.output import narrate
from aitrail.cli.sections import option
from aitrail.paths import STDIN
from aitrail.source import RowSource

_SECTION = "Where"
# What a message names of many paths.
_NAMED_PATHS = 3


class Place(Protocol):
    """Where rows are, and what to tell people about it. As text it reads after `in`."""

    access: Access

    @property
    def source(self) -> RowSource:
        """The rows."""
        ...

    @property
    def since(self) -> str | None:
        """How far a window reaches back unless somebody says so; None: to the beginning."""
        ...

    @property
    def advice(self) -> str:
        """What to check where nothing is found."""
        ...

    def narrate(self, *, at_length: bool) -> None:
        """Tell what people should know about what was read, `at_length` also what it took."""
        ...


class Deployed:
    """The events table of a deployed stack."""

    since = "7d"
    advice = (
        "Check the window (--since, --until), the stack (--stack, --region, --profile), and whether log files arrive: "
        "CloudTrail delivers them 5 to 15 minutes after a call."
    )

    def __init__(self, access: Access) -> None:
        self.access = access

    def __str__(self) -> str:
        return str(self.access)

    @cached_property
    def source(self) -> RowSource:
        """See Place. Raises StackNotFoundError and botocore's errors."""
        from aitrail.table_rows import TableRows  # noqa: PLC0415 (imports boto3)

        return TableRows(self.access.client("dynamodb"), self.access.deployment.events_table)

    def narrate(self, *, at_length: bool) -> None:
        """See Place."""
        if at_length:
            narrate(f"Reading took {self.source.effort()}.")


class LogFiles:
    """Log files: nothing is asked of a table."""

    since = None
    advice = "Check the window (--since, --until) and the paths (--from)."

    def __init__(self, paths: tuple[str, ...], access: Access) -> None:
        from aitrail.scanning import Scan  # noqa: PLC0415 (--help need not wait for it)

        self.access = access
        self._paths = paths
        self._scan = Scan(paths, report=narrate, s3=lambda: access.client("s3"))

    def __str__(self) -> str:
        named = ["standard input" if path == STDIN else path for path in self._paths[:_NAMED_PATHS]]
        others = len(self._paths) - len(named)
        return ", ".join(named) + (f" and {others:,} more" if others else "")

    @cached_property
    def source(self) -> RowSource:
        """See Place."""
        from aitrail.log_file_rows import LogFileRows  # noqa: PLC0415 (imports sqlite3)

        return LogFileRows(self._scan)

    def narrate(self, *, at_length: bool) -> None:
        """See Place."""
        for remark in self._scan.remarks(at_length=at_length):
            narrate(remark)


class _Path(click.Path):
    """A file or folder that is there, - for standard input, or something in S3."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        if not str(value).startswith("s3://"):
            return super().convert(value, param, ctx)
        from aitrail.bucket import BadUrlError, bucket_and_key  # noqa: PLC0415 (imports botocore)

        try:
            bucket_and_key(value)
        except BadUrlError as error:
            self.fail(str(error), param, ctx)
        return value


PATH = _Path(exists=True, readable=False, allow_dash=True)


def _further(path: str) -> str:
    """A path behind that of --from, checked alike."""
    try:
        return str(PATH.convert(path, None, None))
    except click.BadParameter as error:
        error.param_hint = "'--from'"
        raise


def place_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --from, -v and the options of AWS; the command gets where to ask as `place`.

    What follows the path of --from belongs to it as well, so that a shell's pattern may stand there. After the command,
    what people should know about what was read is told on stderr.
    """

    @option(
        _SECTION,
        "--from",
        "paths",
        type=PATH,
        multiple=True,
        metavar="PATH...",
        help="Log files instead of the table: files, folders, - or s3://BUCKET/PREFIX.",
    )
    @click.argument("more", nargs=-1, metavar="")
    @aws_options
    @option(_SECTION, "-v", "--verbose", is_flag=True, help="Tell what reading took.")
    @functools.wraps(command)
    def with_place(
        *args: Any,  # noqa: ANN401 (passed through)
        paths: tuple[str, ...],
        more: tuple[str, ...],
        access: Access,
        verbose: bool,
        **options: Any,  # noqa: ANN401 (passed through)
    ) -> None:
        if more and not paths:
            raise click.UsageError(f"Got unexpected extra argument ({more[0]}). Log files are named with --from.")
        place: Place = LogFiles((*paths, *map(_further, more)), access) if paths else Deployed(access)
        try:
            command(*args, place=place, **options)
        except click.exceptions.Exit:  # with an exit code of its own
            place.narrate(at_length=verbose)
            raise
        place.narrate(at_length=verbose)

    return with_place
