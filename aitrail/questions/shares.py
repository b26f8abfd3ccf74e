"""Reads files in several processes: each reads one share of them at a time, and what they find comes in order."""

import multiprocessing
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from threading import Thread
from typing import Any, Final, Generic, TypeVar

from aitrail.errors import AitrailError
from aitrail.questions.parts import MOST_ROWS, Part

# Small enough that all processes have something to do until the end.
_SHARE_BYTES: Final = 1024 * 1024
_MOST_FILES: Final = 200
# What a file costs beside its bytes: a tiny one takes as long as this many bytes of a large one.
_FILE_BYTES: Final = 6 * 1024
# Of what later shares have found before it is their turn.
_MOST_BYTES_AHEAD: Final = 32 * 1024 * 1024
_SHARES_AHEAD: Final = 4  # for each process
_MORE, _LAST, _ERROR = b"m", b"l", b"e"

# Reads a file in another process. Can be pickled.
Read = Callable[[str], Iterator[Part]]
_Task = TypeVar("_Task")


class ReadingEndedError(AitrailError):
    """A process ended while it read a file."""


@dataclass(slots=True, kw_only=True)
class _Share(Generic[_Task]):
    """Files in succession, and what has been found in them and not been given yet; or a task of this process."""

    tasks: list[_Task]
    paths: list[str] = field(default_factory=list)
    found: deque[bytes] = field(default_factory=deque)
    process: "_Process[_Task] | None" = None
    is_read: bool = False


class _Process(Generic[_Task]):
    """A process that reads shares. It ends when this one does."""

    def __init__(self, read: Read) -> None:
        context = multiprocessing.get_context("spawn")
        their_tasks, self._tasks = context.Pipe(duplex=False)
        self.connection, their_results = context.Pipe(duplex=False)
        self.share: _Share[_Task] | None = None
        # The number of the file in its share that is being read; also after the process has been killed.
        self._at = context.RawValue("l", 0)
        self._process = context.Process(target=_serve, args=(their_tasks, their_results, self._at, read), daemon=True)
        # The process must not get Ctrl-C, not even while it starts: this one ends it. Starting the resource tracker,
        # which comes with the first process, would let it through.
        resource_tracker.ensure_running()
        signals = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        their_tasks.close()
        their_results.close()

    def begin(self, share: _Share[_Task]) -> None:
        """Begins to read a share, when it is idle."""
        self.share, share.process = share, self
        self._at.value = 0
        with suppress(OSError):  # it has ended: `receive` tells
            self._tasks.send(share.paths)

    def receive(self) -> int:
        """Adds the next part to what has been found in the share, and returns its bytes. Raises ReadingEndedError."""
        share = self.share
        assert share is not None  # noqa: S101 (an idle process sends nothing)
        try:
            part = self.connection.recv_bytes()
        except (EOFError, OSError) as error:
            self._process.join()
            raise ReadingEndedError(
                f"{share.paths[self._at.value]}: the process that was reading this file ended unexpectedly (exit code "
                f"{self._process.exitcode}), perhaps for lack of memory. With one job, files are read in this process."
            ) from error
        share.found.append(part)
        if not part.startswith(_MORE):
            share.is_read, self.share = True, None
        return len(part)

    def end(self) -> None:
        """Ends the process, whatever it does."""
        self._tasks.close()
        self.connection.close()
        self._process.terminate()
        self._process.join()


class Shares(Generic[_Task]):
    """Reads files with `read` in up to `number` processes.

    `path_of` returns the regular file that a task is to read, or None if this process has to do the task.
    """

    def __init__(self, read: Read, number: int, *, path_of: Callable[[_Task], str | None]) -> None:
        self._read = read
        self._number = number
        self._path_of = path_of
        self._processes: list[_Process[_Task]] = []
        self._shares: deque[_Share[_Task]] = deque()
        self._bytes_ahead = 0

    def parts(self, tasks: Iterable[_Task]) -> Iterator[tuple[_Task, Part | None]]:
        """Each task with the parts of its file, or with None if it is to be done now, in the order of the tasks.

        Raises ReadingEndedError, and the errors of `read`.
        """
        shares = self._shared(tasks)
        try:
            while self._begin(shares):
                yield from self._next()
        finally:
            for process in self._processes:
                process.end()

    def _shared(self, tasks: Iterable[_Task]) -> Iterator[_Share[_Task]]:
        share, size = _Share[_Task](tasks=[]), 0
        for task in tasks:
            path = self._path_of(task)
            if path is not None:
                share.tasks.append(task)
                share.paths.append(path)
                size += _FILE_BYTES + _size(path)
            if share.paths and (path is None or size >= _SHARE_BYTES or len(share.paths) == _MOST_FILES):
                yield share
                share, size = _Share[_Task](tasks=[]), 0
            if path is None:
                yield _Share(tasks=[task])
        if share.paths:
            yield share

    def _begin(self, shares: Iterator[_Share[_Task]]) -> bool:
        """Gives shares to processes that have none; returns whether anything is left."""
        while len(self._shares) < _SHARES_AHEAD * self._number:
            process = next((each for each in self._processes if each.share is None), None)
            if process is None and len(self._processes) == self._number:
                break
            share = next(shares, None)
            if share is None:
                break
            self._shares.append(share)
            if share.paths:
                if process is None:
                    process = _Process(self._read)
                    self._processes.append(process)
                process.begin(share)
        return bool(self._shares)

    def _next(self) -> Iterator[tuple[_Task, Part | None]]:
        """The next parts of the first share, or nothing yet."""
        first = self._shares[0]
        if not first.paths:
            self._shares.popleft()
            yield first.tasks[0], None
            return
        self._receive(first)
        if not first.found:
            return
        message = first.found.popleft()
        self._bytes_ahead -= len(message)
        if first.is_read and not first.found:
            self._shares.popleft()
        content = pickle.loads(memoryview(message)[1:])  # noqa: S301 (of our own process)
        if message.startswith(_ERROR):
            raise content
        for at, part in content:
            yield first.tasks[at], part

    def _receive(self, first: _Share[_Task]) -> None:
        """Takes what processes have sent; waits only if nothing of the first share is there."""
        busy = [each for each in self._processes if each.share]
        if self._bytes_ahead > _MOST_BYTES_AHEAD:
            busy = [each for each in busy if each.share is first]
        of_connection: dict[Any, _Process[_Task]] = {each.connection: each for each in busy}
        for connection in wait(list(of_connection), 0 if first.found else None):
            self._bytes_ahead += of_connection[connection].receive()


def _size(path: str) -> int:
    with suppress(OSError):  # whoever reads it says what is wrong
        return os.lstat(path).st_size
    return 0


def _serve(tasks: "Connection[Any, Any]", results: "Connection[Any, Any]", at: Any, read: Read) -> None:  # noqa: ANN401 (a number in shared memory)
    """Reads the shares that arrive until this process, or the one that started it, is ended."""
    Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        while paths := tasks.recv():
            for message in _messages(paths, at, read):
                results.send_bytes(message)


def _messages(paths: list[str], at: Any, read: Read) -> Iterator[bytes]:  # noqa: ANN401 (as above)
    parts: list[tuple[int, Part]] = []
    size = 0
    try:
        for place, path in enumerate(paths):
            at.value = place
            for part in read(path):
                parts.append((place, part))
                size += 1 + len(part.rows)
                if size >= MOST_ROWS:
                    yield _MORE + pickle.dumps(parts)
                    parts, size = [], 0
    except Exception as error:  # noqa: BLE001 (raised in the process that asked)
        yield _MORE + pickle.dumps(parts)
        yield _ERROR + pickle.dumps(error)
    else:
        yield _LAST + pickle.dumps(parts)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
    os._exit(1)
