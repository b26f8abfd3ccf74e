"""`make docs`: generates parts of the documentation.

docs/cli.md contains the output of --help. In README.md and docs/, the text after a line `    $ aitrail …` of a code
block is the command's output for the sample log files of a fixed day, which replace the table and `--from samples`. So
is what the examples in docs/python.md print. Answers of commands that need a stack stay as they are. The table of
permissions in docs/operations.md is that of `aitrail permissions`. docs/report.png is a picture of the report of an
invented month, if there is a browser to take it.
"""

import doctest
import io
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from aitrail.cli.group import SECTIONS, cli
from aitrail.cli.options import ASK
from aitrail.clock import Clock
from demo.browser import Browser, browser_program
from demo.permission_table import HEAD, permission_table
from demo.sample_month import write_month
from demo.samples import CONFIGURATION, FOLDER, write_samples

PROJECT = Path(__file__).parents[1]
REFERENCE = PROJECT / "docs" / "cli.md"
PYTHON_PAGE = PROJECT / "docs" / "python.md"
OPERATIONS = PROJECT / "docs" / "operations.md"
PICTURE = PROJECT / "docs" / "report.png"
CLOCK = datetime(2026, 11, 21, 12, tzinfo=UTC)
# The end of the month of which there is a picture.
MONTH_ENDS = datetime(2026, 12, 1, tzinfo=UTC)

_WIDTH = 100
# A command, and the indented lines below it, which may include empty lines.
_ANSWER = re.compile(r"^    \$ (aitrail .*)\n((?:    (?!\$ ).*\n|\n(?=    (?!\$ )))*)", re.MULTILINE)
_PERMISSIONS = re.compile(rf"{re.escape(HEAD)}(?:\|.*\n)*")
_INTRODUCTION = """\
# The command line

The output of `aitrail --help` and `aitrail COMMAND --help`. `make docs` writes this page.
"""


def reference() -> str:
    """The text of docs/cli.md."""
    parts = [_INTRODUCTION, _help_page()]
    for heading, names in SECTIONS.items():
        parts.append(f"## {heading}\n")
        parts += [f"### aitrail {name}\n\n{_help_page(name)}" for name in names]
    return "\n".join(parts)


def _help_page(*command: str) -> str:
    text = _printed([*command, "--help"])
    return "```text\n" + "".join(f"{line.rstrip()}\n" for line in text.splitlines()) + "```\n"


def refreshed(page: str, logs: Path) -> str:
    """A page with the output of its commands for the log files in the folder `logs`."""

    def answered(found: re.Match[str]) -> str:
        arguments = shlex.split(found[1].replace(f" --from {FOLDER}", ""))[1:]
        if _needs_a_stack(arguments[0]):
            return found[0]
        printed = _printed([*arguments, *_place(arguments[0], logs), *_format(found[1])])
        lines = [f"    {line}".rstrip() for line in printed.replace(f"{logs}/", "").splitlines()]
        return "\n".join([f"    $ {found[1]}", *lines, ""])

    return _ANSWER.sub(answered, page)


def with_permissions(page: str) -> str:
    """A page with the table of permissions as it is now."""
    return _PERMISSIONS.sub(lambda _: permission_table(), page)


def with_printed(page: str, logs: Path) -> str:
    """A page with what its Python examples print in the folder `logs`; what they print already may stay shortened."""
    parts = doctest.DocTestParser().parse(page)
    printed: dict[int, str] = {}

    class Runner(doctest.DocTestRunner):
        def report_failure(self, _out: Any, _test: Any, example: doctest.Example, got: str) -> None:  # noqa: ANN401 (any stream)
            printed[id(example)] = got

        def report_unexpected_exception(self, _out: Any, _test: Any, example: doctest.Example, error: Any) -> None:  # noqa: ANN401 (as above)
            raise RuntimeError(f"This example fails: {example.source}") from error[1]

    examples = [part for part in parts if isinstance(part, doctest.Example)]
    with chdir(logs):
        Runner(optionflags=doctest.ELLIPSIS).run(doctest.DocTest(examples, {}, "page", None, 0, None))
    return "".join(part if isinstance(part, str) else _shown(part, printed.get(id(part), part.want)) for part in parts)


def _shown(example: doctest.Example, printed: str) -> str:
    source = [f"{'... ' if place else '>>> '}{line}" for place, line in enumerate(example.source.splitlines())]
    lines = [*source, *printed.splitlines()]
    return "".join(f"{' ' * example.indent}{line}".rstrip() + "\n" for line in lines)


def _place(command: str, logs: Path) -> tuple[str, ...]:
    # Commands that ask no question have no --from. `ask` adds its options to a question.
    return ("--from", str(logs)) if command == ASK or "--from" in _options(command) else ()


def _needs_a_stack(command: str) -> bool:
    return "--from" not in (options := _options(command)) and "--stack" in options


def _options(command: str) -> set[str]:
    found = cli.get_command(click.Context(cli), command)
    return {name for parameter in found.params for name in parameter.opts} if found else set()


def _format(command: str) -> tuple[str, ...]:
    # On a terminal, the default format is a table.
    return () if re.search(r" (-o|--output|--query|--raw|--source)( |$)", command) else ("-o", "table")


def _printed(arguments: list[str], now: datetime = CLOCK) -> str:
    """The command's output on stdout at a time."""
    with redirect_stdout(io.StringIO()) as stdout, redirect_stderr(io.StringIO()):
        try:
            given = ["--config", str(CONFIGURATION), *arguments]
            with cli.make_context("aitrail", given, terminal_width=_WIDTH, max_content_width=_WIDTH) as context:
                context.obj = Clock(now=lambda: now)
                cli.invoke(context)
        except click.exceptions.Exit:
            pass
    return stdout.getvalue()


@contextmanager
def sample_folder() -> Iterator[Path]:
    """A context with a temporary folder of the sample log files of CLOCK."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_samples(folder, CLOCK)
        yield folder


def take_picture(picture: Path) -> bool:
    """Writes the first screen of the report of November as a PNG file; returns whether there is a browser for it."""
    if (program := browser_program()) is None:
        return False
    with tempfile.TemporaryDirectory() as name, Browser(program) as browser:
        logs, page = Path(name) / "logs", Path(name) / "report.html"
        write_month(logs, MONTH_ENDS - timedelta(hours=1))
        window = ("--since", "2026-11", "--until", "2026-12")
        _printed(["report", "--from", str(logs), *window, "-o", str(page)], now=MONTH_ENDS)
        browser.ask("open", url=page.as_uri(), width=1200, height=820)
        browser.ask("picture", path=str(picture), whole=False)
    return True


def pages() -> list[Path]:
    """The pages that show commands with their output."""
    return [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]


def main() -> None:
    """Writes the generated parts of all pages."""
    REFERENCE.write_text(reference())
    with sample_folder() as logs:
        for page in pages():
            page.write_text(refreshed(page.read_text(), logs))
        PYTHON_PAGE.write_text(with_printed(PYTHON_PAGE.read_text(), logs))
    OPERATIONS.write_text(with_permissions(OPERATIONS.read_text()))
    if not take_picture(PICTURE):
        sys.stderr.write(f"{PICTURE} stays as it is: there is no browser (apt-get install chromium).\n")


if __name__ == "__main__":
    main()
