"""A browser without windows: requests to page/drive.mjs, which runs Chromium with Playwright."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Timer
from typing import Any, Self

from aitrail.errors import AitrailError

_DRIVER = Path(__file__).parents[1] / "page" / "drive.mjs"
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The longest that one request, or the end of the browser, may take.
_SECONDS = 90.0


class BrowserError(AitrailError):
    """The browser could not do what it was asked for."""


def browser_program() -> str | None:
    """The program of a browser; None if there is none."""
    return next((found for name in _PROGRAMS if (found := shutil.which(name))), None)


class Browser:
    """A browser as a context; `ask` names one of the actions of page/drive.mjs, and its arguments."""

    def __init__(self, program: str) -> None:
        node = str(Path(sys.executable).with_name("node"))
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([node, str(_DRIVER), program], text=True, stdin=pipe, stdout=pipe)  # noqa: S603 - our own node

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._streams[0].close()
        try:
            self._process.wait(_SECONDS)
        finally:
            self._process.kill()

    def ask(self, action: str, **given: Any) -> Any:  # noqa: ANN401 (JSON values)
        """The answer of the browser. Raises BrowserError."""
        stdin, stdout = self._streams
        timer = Timer(_SECONDS, self._process.kill)
        timer.start()
        try:
            stdin.write(f"{json.dumps({'do': action, **given})}\n")
            stdin.flush()
            line = stdout.readline()
        finally:
            timer.cancel()
        answer = json.loads(line) if line else {"error": f"The browser has not answered to {action}."}
        if "error" in answer:
            raise BrowserError(answer["error"])
        return answer["value"]

    @property
    def _streams(self) -> Any:  # noqa: ANN401 (two streams of text, which are there with pipes)
        return self._process.stdin, self._process.stdout
