"""`make demo`: deploy the stack to a local AWS, put log files into its bucket, run queries, remove everything.

`make demo LOGS=folder` uses your own CloudTrail log files. `make demo KEEP=1` keeps the local AWS until Ctrl-C.
Nothing leaves this machine.
"""

import argparse
import json
import os
import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aitrail.errors import AitrailError
from demo import deployment, given
from demo.given import Given
from demo.keeping import keep
from demo.local_aws import PROJECT, local_aws
from demo.narration import step, stop_when_told, tell
from demo.pipeline import Pipeline
from demo.summary import summary

_PROGRESS_SECONDS = 2.0
REPORT = PROJECT / "dist" / "demo-report.html"


class UnexpectedRowsError(AitrailError):
    """The rows in the table are not those that the sample files should produce."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo; returns 0, or 1 with a message on stderr."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="a folder with your own CloudTrail log files")
    parser.add_argument("--keep", action="store_true", help="keep the local AWS until Ctrl-C, and say how to ask it")
    given_arguments = parser.parse_args(arguments)
    folder = given_arguments.logs
    stop_when_told()
    try:
        files = given.own(folder.expanduser()) if folder else given.samples(datetime.now(UTC))
        _demonstrate(files, kept=given_arguments.keep)
    except AitrailError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    return 0


def _demonstrate(files: Given, *, kept: bool) -> None:
    began = time.monotonic()
    with ExitStack() as until_the_end:
        with step("Starting a local AWS"):
            aws = until_the_end.enter_context(local_aws())
        pipeline = Pipeline(aws, deployment.deployed(aws))
        with step(f"Putting {files.what} into the log bucket"):
            put = {pipeline.put(file.key, file.body): file for file in files.files}
        with step("Waiting until the deployed function has processed them"):
            pipeline.wait_for(set(put), _now_and_then())
        rows = pipeline.rows_by_service()
        window = _window(pipeline) if rows else ()
        _ask(pipeline, rows, window=window)
        names, odd = {log_file: file.name for log_file, file in put.items()}, {each for each in put if put[each].odd}
        tell("\nOutcome of the files")
        calls = int(pipeline.aitrail("usage", *window, "--query", "sum([].calls)")) if rows else 0
        tell(summary(names, odd, pipeline.ledger(), rows, calls, pipeline.messages("DeadLetterQueueUrl")))
        if rows:
            REPORT.parent.mkdir(exist_ok=True)
            pipeline.aitrail("report", *window, "-o", str(REPORT), "--force")
        took = time.monotonic() - began
        if kept:
            keep(pipeline, window)
    tell(f"\nEverything has been removed. The demo took {took:.0f} s.")
    if rows:
        tell(f"A report of these calls, to open in a browser: {REPORT}")
    if files.rows is not None and rows != files.rows:
        raise UnexpectedRowsError(f"The sample files hold {dict(files.rows)} rows, but the table has {dict(rows)}.")


def _ask(pipeline: Pipeline, rows: Counter[str], *, window: Sequence[str]) -> None:
    """Shows some commands with their output, for the services that are used most; `window` is a list of options."""
    if not rows:
        tell("\nNo record is from one of the four services: there is nothing to query.")
        return
    ((service, _),) = rows.most_common(1)
    _show(pipeline, "How many calls, and did any fail?", "usage", "--by", "service", "--by", "outcome", *window)
    _show(pipeline, f"Who used {service.title()}?", "events", "--service", service, *window, "--limit", "8")
    newest = pipeline.aitrail("events", *window, "--limit", "1", "--query", "[0].eventID")
    _show(pipeline, "What is known about the last call?", "event", json.loads(newest))


def _show(pipeline: Pipeline, question: str, *command: str) -> None:
    program, *arguments = pipeline.aitrail_command(*command, "-o", "table")
    tell(f"\n{question}\n$ {shlex.join([os.path.relpath(program), *arguments])}")
    tell(pipeline.aitrail(*command, "-o", "table"), end="")


def _window(pipeline: Pipeline) -> tuple[str, ...]:
    """Options for a window with all events, regardless of the age of the log files."""
    entries = [entry for entry in pipeline.ledger().values() if entry.get("firstEventTime")]
    last = datetime.fromisoformat(max(entry["lastEventTime"] for entry in entries))
    until = (last + timedelta(seconds=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return ("--since", min(entry["firstEventTime"] for entry in entries), "--until", until)


def _now_and_then() -> Callable[[int], None]:
    told = time.monotonic()

    def tell_progress(done: int) -> None:
        nonlocal told
        if time.monotonic() - told > _PROGRESS_SECONDS:
            told = time.monotonic()
            tell(f"{done} files ...", end=" ")

    return tell_progress


if __name__ == "__main__":
    sys.exit(main())
