"""The place of questions that a folder answers that `aitrail export` wrote."""

from typing import TYPE_CHECKING

from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options.aws import Access
from aitrail.cli.output import narrate
from aitrail.questions import Row
from aitrail.window import EARLIEST, LATEST

if TYPE_CHECKING:
    from aitrail.questions.export import ExportedRows

_INCOMPLETE = "When these calls were exported, some log files could not be read: calls may be missing."


class ExportFolder:
    """The Parquet files of an export."""

    since = EARLIEST
    until = LATEST
    stacks = ()

    def __init__(self, source: "ExportedRows", access: Access) -> None:
        self.source = source
        self._access = access

    def __str__(self) -> str:
        return str(self.source.folder)

    @property
    def advice(self) -> str:
        """See Place."""
        return f"The export has calls {self.source.when}."

    def access_of(self, row: Row) -> Access:  # noqa: ARG002 (see Place)
        """See Place."""
        return self._access

    def progress(self, seconds: float) -> str:
        """See Place."""
        return f"{seconds:,.0f} s: {self.source.effort()}"

    def narrate(self, *, at_length: bool) -> None:
        """See Place."""
        if not self.source.complete:
            narrate(_INCOMPLETE)
        if at_length:
            narrate(f"Read {self.source.effort()} of an export with calls {self.source.when}.")

    def exit_code(self, *, strict: bool) -> int:
        """See Place."""
        return ExitCode.NEEDS_ATTENTION if strict and not self.source.complete else 0
