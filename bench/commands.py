"""Measures `aitrail usage --from FOLDER` as whole processes, compared with other ways to count the calls."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from aitrail.services import load
from bench.folders import Folder, folders
from bench.measuring import Child, Figure, Scale, child

_SEVERAL: Final = 2
# The CPU time of the command, compared with a loop over json.loads of each file.
_MOST: Final = {"large files, all wanted": 3.0, "tiny files": 0.9}


def figures(scale: Scale) -> Iterator[Figure]:
    """For each folder: the CPU time of the command / that of each peer, and the wall time of one process / several."""
    peers = ["loop", *(os.environ.get("PEERS", "").split() and ["duckdb", *_installed("chdb")])]
    for folder in folders(scale):
        with TemporaryDirectory() as path, TemporaryDirectory() as bytecode:
            folder.write(Path(path))
            yield from _figures(folder, path, bytecode, peers, scale.starts)


def _installed(name: str) -> list[str]:
    from importlib.util import find_spec  # noqa: PLC0415 (only with peers)

    return [name] if find_spec(name) else []


def _figures(folder: Folder, path: str, bytecode: str, peers: list[str], runs: int) -> Iterator[Figure]:
    sources, environment = sorted(load().sources), _environment(bytecode)
    ways: dict[str, Callable[[], Child]] = {
        "one": lambda: usage(path, 1, environment),
        "several": lambda: usage(path, _SEVERAL, environment),
        **{peer: _peer(peer, path, sources, environment) for peer in peers},
    }
    found: dict[str, list[Child]] = {name: [] for name in ways}
    for way in ways.values():
        way()  # compiles what is not compiled yet
    for _ in range(runs):
        for name, way in ways.items():
            found[name].append(way())
    cpu = {name: median(run.cpu for run in of) for name, of in found.items()}
    wall = {name: median(run.wall for run in of) for name, of in found.items()}
    title = f"usage, {folder.name}"
    yield Figure(name=f"{title}: CPU", value=cpu["one"], unit="s")
    yield Figure(name=f"{title} / json.loads", value=cpu["one"] / cpu["loop"], most=_MOST.get(folder.name))
    for peer in peers[1:]:
        yield Figure(name=f"{title} / {peer}", value=cpu["one"] / cpu[peer])
    yield Figure(name=f"{title}: wall, {_SEVERAL} processes / one", value=wall["several"] / wall["one"])
    yield Figure(name=f"{title}: CPU, {_SEVERAL} processes / one", value=cpu["several"] / cpu["one"])


def usage(folder: str, jobs: int, environment: Mapping[str, str]) -> Child:
    """Runs the command in so many processes."""
    return child(
        *("-m", "aitrail.cli", "usage", "--from", folder, "--no-cache", "--jobs", str(jobs), "--output", "json"),
        environment=environment,
    )


def _peer(way: str, folder: str, sources: list[str], environment: Mapping[str, str]) -> Callable[[], Child]:
    return lambda: child("-m", "bench.peers", way, folder, *sources, environment=environment)


def _environment(bytecode: str) -> dict[str, str]:
    """The usual environment, with bytecode in that folder: an installed command has it, whatever is set here."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith("AITRAIL_")}
    usual.pop("PYTHONDONTWRITEBYTECODE", None)
    return usual | {"PYTHONPYCACHEPREFIX": bytecode}
