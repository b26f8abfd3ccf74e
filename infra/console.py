"""What the commands say to people, and ask them."""

import sys
from typing import TextIO

from infra.target import StoppedError


def ask(question: str, *, sure: bool) -> None:
    """Returns if the answer is yes, or `sure`. Raises StoppedError."""
    if sure:
        return
    stdin: TextIO | None = sys.stdin  # None if it is closed
    if stdin is None or not stdin.isatty():
        raise StoppedError(
            f"{question} There is no terminal to ask on, so nothing is changed. To answer yes, use ARGS=--yes."
        )
    try:
        answer = input(f"{question} [y/N] ")
    except EOFError:
        answer = "no"
        tell("")
    if answer.strip().lower() not in ("y", "yes"):
        raise StoppedError("Nothing was changed.")


def tell(text: str) -> None:
    """Writes a text to stdout at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
