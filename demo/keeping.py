"""`make demo KEEP=1`: says how to ask the local AWS, and keeps it until the demo is told to stop."""

import os
import shlex
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

from demo.narration import tell
from demo.pipeline import Pipeline

_QUESTIONS: Sequence[Sequence[str]] = (("usage", "--by", "principal"), ("status",))


def keep(pipeline: Pipeline, window: Sequence[str]) -> None:
    """Says how to ask, and returns when a signal ends the demo; `window` are the options for all events."""
    with suppress(SystemExit):  # see demo.narration
        tell("\nThe local AWS runs until you press Ctrl-C. To ask it, run this in another terminal:\n")
        tell("\n".join(f"    {line}" for line in how_to_ask(pipeline, window)))
        _wait()


def how_to_ask(pipeline: Pipeline, window: Sequence[str]) -> list[str]:
    """The lines for a shell: the environment, and some commands."""
    first, *others = _QUESTIONS
    commands = [pipeline.aitrail_command(*first, *window), *(pipeline.aitrail_command(*each) for each in others)]
    return [*_exports(pipeline.aws.environment), *map(shlex.join, commands)]


def _exports(environment: Mapping[str, str]) -> list[str]:
    """Sets the variables for the local AWS, and removes the user's own, so that no real account is asked."""
    wanted = {name: value for name, value in environment.items() if name.startswith("AWS_")}
    others = sorted(name for name in os.environ if name.startswith("AWS_") and name not in wanted)
    unset = [f"unset {shlex.join(others)}"] if others else []
    return [*unset, *(f"export {name}={shlex.quote(value)}" for name, value in sorted(wanted.items()))]


def _wait() -> NoReturn:
    while True:
        signal.pause()
