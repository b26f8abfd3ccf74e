"""The processes in which the local AWS runs the function: lists them with their memory, and kills them."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from demo.environments import ADDRESS

_PROC: Final = Path("/proc")


class Process(NamedTuple):
    """A process; `resident` is its memory in bytes."""

    pid: int
    parent: int
    resident: int
    command: str


def workers(server: int, function: str) -> list[Process]:
    """The processes of a function; `server` is the process of the local AWS."""
    # Each works in its own folder, named after the function.
    name = f"ministack-lambda-{function}-"
    return [each for each in _processes() if each.parent == server and name in each.command]


def kill(server: int, function: str, port: int) -> bool:
    """Kills the process of the function that uses this port of loopback; returns whether there was one."""
    for each in workers(server, function):
        if each.pid in _owners(port):
            with suppress(ProcessLookupError):
                os.kill(each.pid, signal.SIGKILL)
            return True
    return False


def _owners(port: int) -> set[int]:
    """The processes that have a connection from this port of loopback."""
    if not (_PROC / "net/tcp").exists():
        command = ["lsof", "-nP", "-t", f"-iTCP@{ADDRESS}:{port}"]
        return set(map(int, subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()))  # noqa: S603
    rows = (line.split() for line in (_PROC / "net/tcp").read_text().splitlines()[1:])
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}")}
    owners = set()
    for descriptor in _PROC.glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if str(descriptor.readlink()) in sockets:
                owners.add(int(descriptor.parts[2]))
    return owners


def _processes() -> Iterator[Process]:
    """All processes, from /proc or `ps`: small Linux images have no `ps`, and macOS has no /proc."""
    return _from_proc() if (_PROC / "self/stat").exists() else _from_ps()


def _from_proc() -> Iterator[Process]:
    page = os.sysconf("SC_PAGE_SIZE")
    for folder in _PROC.glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            pages = int((folder / "statm").read_text().split()[1])
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            yield Process(int(folder.name), parent, pages * page, command)


def _from_ps() -> Iterator[Process]:
    command = ["ps", "-A", "-ww", "-o", "pid=,ppid=,rss=,command="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - no input
    for line in listed.splitlines():
        pid, parent, kilobytes, name = line.split(maxsplit=3)
        yield Process(int(pid), int(parent), int(kilobytes) * 1024, name)
