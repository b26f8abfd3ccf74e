"""`aitrail cache`: shows what is kept for later questions, and removes it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from aitrail.cells import counted
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options import PRINCIPAL_FILES, Command, cache_folder, option, output_options
from aitrail.cli.output import Output, narrate

_COLUMNS = ("file", "holds", "bytes")


@click.command(cls=Command)
@option("What to do", "--clear", is_flag=True, help="Remove all of it.")
@output_options(of="the list of files")
@click.pass_context
def cache(context: click.Context, *, clear: bool, output: Output) -> None:
    """Show or clear what is kept for later questions.

    Questions with --from keep the rows of local log files, so that unchanged files are not read again; with --no-cache
    they do not. Completion keeps the principals of the newest calls. All of it is in files that only you can read, and
    can be removed at any time. The rows of log files take about 500 MB at most: those that have not been used for the
    longest time make room.

    \b
    Examples:
      aitrail cache
      aitrail cache --clear
    """
    try:
        folder = cache_folder()
    except OSError as error:
        raise click.ClickException(f"There is no folder in which anything is kept: {error}.") from error
    files = list(_files(folder))
    if not clear:
        output.write(files, table=_COLUMNS, csv=_COLUMNS)
        if not files:
            narrate(f"Nothing is kept in {folder}.")
        return
    removed = 0
    for each in files:
        try:
            Path(each["file"]).unlink(missing_ok=True)
            removed += each["bytes"]
        except OSError as error:
            narrate(f"{each['file']}: {error.strerror}")
            context.exit(ExitCode.FAILURE)
    narrate(f"{counted(removed, 'byte')} removed from {folder}.")


def _files(folder: Path) -> Iterator[dict[str, Any]]:
    """The files that aitrail has written, what they hold, and their sizes in bytes."""
    from aitrail.questions import NAMES, contents  # noqa: PLC0415 (would slow down --help)

    for name in NAMES:
        if (folder / name).is_file():
            holds = (
                f"rows of {counted(contents(folder).files, 'log file')}" if name == NAMES[0] else "unfinished changes"
            )
            yield _file(folder / name, holds)
    for file in sorted(folder.glob(PRINCIPAL_FILES)):
        yield _file(file, "principals for completion")


def _file(path: Path, holds: str) -> dict[str, Any]:
    return {"file": str(path), "holds": holds, "bytes": path.stat().st_size}
