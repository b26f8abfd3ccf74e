"""A browser that tests drive: requests to page/drive.mjs, which runs Chromium with Playwright."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Timer

ROOT = Path(__file__).parents[2]
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The longest that one request may take.
_SECONDS = 90


class BrowserError(Exception):
    """The browser could not do what a test asked for."""


def browser_program():
    """The program of a browser; None if there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Browser:
    """Opens pages; methods are the actions of page/drive.mjs, such as `click(selector="button")`."""

    def __init__(self, program):
        node = Path(sys.executable).with_name("node")
        command = [str(node), str(ROOT / "page/drive.mjs"), program]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(command, text=True, **pipes)  # noqa: S603 - our own node

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(_SECONDS)
        finally:
            self._process.kill()

    def __getattr__(self, name):
        return lambda **given: self._asked({"do": name, **given})

    def _asked(self, request):
        timer = Timer(_SECONDS, self._process.kill)
        timer.start()
        try:
            self._process.stdin.write(f"{json.dumps(request)}\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        answer = json.loads(line) if line else {"error": f"no answer to {request['do']}"}
        if "error" in answer:
            raise BrowserError(answer["error"])
        return answer["value"]
