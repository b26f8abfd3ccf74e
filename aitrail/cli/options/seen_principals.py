"""The principals of the newest calls in a table, for completion: kept in a file that only its user may read.

`python -m` this module reads them from the table; completion starts that in the background, so that it never waits
longer than a moment, and the answer is there the next time.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from aitrail.cli.options.caching import cache_folder
from aitrail.cli.options.stacks import STACK, accesses_of
from aitrail.services import Registry

# Names that no shell takes for anything else; few others are possible.
_PLAIN = re.compile(r"[\w+=,.@:/-]{1,200}")
_MOST = 1000
_MOST_BYTES = 1024 * 1024
# On each of seven days, in case the later ones have fewer: 4 services take at most 450 read units.
_ROWS_OF_A_SERVICE = 250
_FRESH_SECONDS = 600
_WAITING_SECONDS = 0.5
_READING_SECONDS = 20
_SETTINGS = ("stack", "profile", "region", "endpoint_url")
# They select the account and Region as well.
_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")

# The names of the files of all deployments.
PRINCIPAL_FILES = "principals-*.json"

Start = Callable[[Sequence[str]], None]


class SeenPrincipals:
    """The principals of a deployment, or of several together, in `folder`; `start` runs this module with arguments."""

    def __init__(self, settings: Mapping[str, Any], folder: Path, *, start: Start) -> None:
        self._settings = dict(settings)
        self._start = start
        place = json.dumps([self._settings, [os.environ.get(name) for name in _VARIABLES]], sort_keys=True)
        self.file = folder / f"principals-{sha256(place.encode()).hexdigest()[:16]}.json"

    @classmethod
    def of(cls, params: Mapping[str, Any], registry: Registry) -> Self:
        """Those of the deployment that the parameters of a command select, and of the registry's services."""
        settings = {name: params.get(name) for name in _SETTINGS}
        places = {"stack": settings["stack"] or (STACK,), "region": settings["region"] or ()}
        if registry.folder:
            places["service_files"] = str(registry.folder.absolute())
        return cls(settings | places, cache_folder(), start=_start)

    def known(self) -> list[str]:
        """The principals as far as they are known, sorted; has them read if that was long ago. Raises OSError."""
        if not self._is_fresh():
            self._start([str(self.file), json.dumps(self._settings)])
        with suppress(OSError, ValueError, TypeError, RecursionError):  # whatever is in the file
            if self.file.stat().st_size <= _MOST_BYTES:
                return sorted({name for name in json.loads(self.file.read_text()) if _PLAIN.fullmatch(name)})
        return []

    def _is_fresh(self) -> bool:
        try:
            return abs(time.time() - self.file.stat().st_mtime) < _FRESH_SECONDS
        except OSError:
            return False


def _start(arguments: Sequence[str]) -> None:
    """Runs this module in a session of its own, which Ctrl-C does not reach, and waits a moment for it."""
    process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
        [sys.executable, "-m", __name__, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with suppress(subprocess.TimeoutExpired):
        process.wait(_WAITING_SECONDS)


def remember(file: Path, principals: Iterable[str]) -> None:
    """Writes the file as a whole, readable only for its user."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = json.dumps(sorted(name for name in set(principals) if _PLAIN.fullmatch(name))[:_MOST])
    descriptor, name = tempfile.mkstemp(dir=file.parent)  # with the mode 0600
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(text)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink()
        raise


def _of_table(settings: Mapping[str, Any], now: Callable[[], datetime]) -> Iterable[str]:
    """The principals of the newest calls to each service in the last seven days."""
    from aitrail.cli.options.place import Deployed  # noqa: PLC0415 (completion itself needs none of this)
    from aitrail.questions import EventStore  # noqa: PLC0415
    from aitrail.services import load  # noqa: PLC0415

    folder = settings.get("service_files")
    registry = load(Path(folder) if folder else None)
    place = {name: value for name, value in settings.items() if name != "service_files"}
    store = EventStore(Deployed(*accesses_of(**place), registry=registry).source, registry=registry, now=now)
    for service in registry.services:
        rows = store.events(service=service.name, columns=["principal"], limit=_ROWS_OF_A_SERVICE)
        yield from (str(row["principal"]) for row in rows if "principal" in row)


def main(arguments: Sequence[str], *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Reads the principals from the table. If that fails, the known ones count as fresh: not every Tab tries again."""
    file, settings = Path(arguments[0]), json.loads(arguments[1])
    if not file.exists():
        remember(file, [])
    os.utime(file)
    remember(file, _of_table(settings, now))


if __name__ == "__main__":
    signal.alarm(_READING_SECONDS)
    main(sys.argv[1:])
