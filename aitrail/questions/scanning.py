"""Reads rows directly from log files: local ones, standard input, or in S3. Nothing is written anywhere."""

import os
import stat
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO, TypeVar

from aitrail.aws import is_of_network
from aitrail.cells import counted
from aitrail.clock import SYSTEM_CLOCK, Clock
from aitrail.deliveries import BY_NAME, S3, Listed, Needed, UnavailableError, bucket_and_key, log_objects
from aitrail.errors import AitrailError
from aitrail.logfile import EndsAt, SmallFiles, Stream, UnreadableLogFile, ends_alone
from aitrail.questions.file_readings import FileReading, MakeReading, NarrowFileReading, WholeFileReading, shown_name
from aitrail.questions.file_state import State
from aitrail.questions.packed_rows import packed, packed_in_order, unpacked
from aitrail.questions.parts import Part
from aitrail.questions.paths import ENDINGS, STDIN, document_name, key_of, log_files
from aitrail.questions.source import Row, address_of_all
from aitrail.rows import Columns, Reading
from aitrail.services import Registry
from aitrail.services import load as load_registry

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from aitrail.logfile import Document
    from aitrail.questions.scan_cache import ScanCache
    from aitrail.questions.subtotals import Subtotals

_T = TypeVar("_T")
EVERYTHING = Needed()
# Starting processes takes time that they have to save. They start after _SECONDS_ALONE of CPU time, or after
# _FIRST_SECONDS if the remaining files are likely to take _SECONDS_LEFT more.
_SECONDS_ALONE, _FIRST_SECONDS, _SECONDS_LEFT = 0.3, 0.05, 0.8
# In a cache: their states are from before, so that these files must not be too many.
_LOOKED_UP_AT_ONCE = 100
# A new name of a service is found among the first ones; a hostile file may have a thousand.
_NAMED_SOURCES = 20


class NoPathError(AitrailError):
    """A local path that does not exist, or that cannot be looked at."""


class NoS3Error(AitrailError):
    """A path in S3 was given, but only local files can be read here."""


class _File(NamedTuple):
    """A local log file, and its number among all of them; or a place that cannot be looked at, and why."""

    path: str
    number: int = 0
    refusal: OSError | None = None
    # With a cache: the state of the file before it is read, and what was found in it in that state.
    state: State | None = None
    kept: list[Part] | None = None

    @property
    def place(self) -> tuple[int, str]:
        """See `Scan.place`."""
        return self.number - sys.maxsize, ""


class Scan:
    """Scans log files, each of which is read once; the counts are complete when the rows are exhausted.

    Paths are files, folders, - for standard input, or s3://bucket/prefix, for which `s3` returns a client. `report` is
    called with a line for people about each problem of a file or record. With `read_all`, no file is left out because
    of what its name says. After `alone` seconds of CPU time, the other local files are read in up to `jobs` processes,
    with the same results in the same order. With `counts_first`, local files are counted before the first one is read
    (`files_found`). What `cache` has of local files is not read again. Raises BadUrlError.
    """

    def __init__(  # noqa: PLR0913 (most have a default)
        self,
        paths: Iterable[str],
        *,
        report: Callable[[str], None],
        s3: Callable[[], "S3Client"] | None = None,
        registry: Registry | None = None,
        clock: Clock = SYSTEM_CLOCK,
        read_all: bool = False,
        jobs: int = 1,
        alone: float = _SECONDS_ALONE,
        counts_first: bool = False,
        cache: "Callable[[], ScanCache | None] | None" = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.unknown_sources: Counter[str] = Counter()
        once = tuple(dict.fromkeys(paths))
        self._paths = [path for path in once if not path.startswith(S3)]
        self._urls = [path for path in once if path.startswith(S3)]
        for url in self._urls:
            bucket_and_key(url)
        self._report_line, self._reported = report, set[str]()
        self._s3 = s3
        self._clock = clock
        self.registry = registry or load_registry()
        self._small_files = SmallFiles(self.registry.sources, is_lookalike=self.registry.is_lookalike)
        # For progress: the number of files that are to be read, if it is known.
        self.files_found: int | None = None
        self._read_all, self._counts_first = read_all, counts_first
        self._cache = cache
        self._jobs = jobs
        self._alone = alone
        # Local log files that have not been needed; None before the folders have been listed.
        self._files_left: list[tuple[int, str]] | None = None
        self._objects_read: set[str] = set()
        # Each URL is listed again for each question.
        self._objects_left_out: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._files_left_out = Counter[str]()
        # Of the log file whose rows are yielded: greater than those of files before it in the order of all of them.
        self.place: tuple[int, str] = (0, "")

    def restart(self) -> None:
        """Resets the scan, so that `rows` reads all log files again."""
        for seen in (self.counts, self.unknown_sources, self._objects_read, self._objects_left_out):
            seen.clear()
        self._files_left_out.clear()
        self._files_left = None

    @property
    def address(self) -> str:
        """The absolute paths and the URLs, sorted; if there are several, only the first few, and a hash of all."""
        paths = ("standard input" if path == STDIN else shown_name(os.path.abspath(path)) for path in self._paths)  # noqa: PTH100 (Path.absolute keeps ..)
        return address_of_all((*paths, *self._urls))

    @property
    def left_out(self) -> Counter[str]:
        """The number of files that were not read, by kind or by what their names say of them."""
        return sum(self._objects_left_out.values(), self._files_left_out)

    @property
    def bytes_read(self) -> int:
        """The size of the files that have been read, as they are stored."""
        return self.counts["bytes"]

    @property
    def has_left_files(self) -> bool:
        """Whether local files have not been read because of what their names say."""
        return bool(self._files_left)

    @property
    def needs_attention(self) -> bool:
        """Whether a file was unreadable or a record rejected."""
        return bool(self.counts["unreadable"] or self.counts["rejected"])

    def rows(self, needed: Needed = EVERYTHING) -> Iterator[Row]:
        """The rows of the log files that are needed and have not been read yet, file by file (see `place`)."""
        return self.rows_as(_unchanged, needed)

    def rows_as(self, form: Callable[[Row], _T], needed: Needed = EVERYTHING) -> Iterator[_T]:
        """The same rows in a form that the function `form` of a module gives them."""
        yield from self.rows_of_files_as(form, needed)
        for number, url in enumerate(self._urls):
            yield from map(form, self._rows_of_objects(number, url, needed))

    def rows_of_files_as(self, form: Callable[[Row], _T], needed: Needed = EVERYTHING) -> Iterator[_T]:
        """The same of local files only."""
        cache = self._usable_cache() if form is packed else None
        return self._read(needed, WholeFileReading(self.registry, form), cache)

    def narrow_rows(
        self, columns: Columns, needed: Needed = EVERYTHING, subtotals: "Subtotals | None" = None
    ) -> Iterator[tuple[Row, bytes] | Part]:
        """The narrow rows of the log files that are needed, and `packed_in_order`, file by file; none of them is kept.

        With `subtotals`, there may be parts that have such bytes and a subtotal instead. Raises ReadOnceError, before
        or after some rows, if they could not be read again either.
        """
        cache = self._usable_cache()
        reading = NarrowFileReading(self.registry, columns, has_cache=cache is not None, subtotals=subtotals)
        for row in self._read(needed, reading, cache):
            if type(row) is bytes:
                yield unpacked(row), row
            elif type(row) is Part:
                yield row
            else:
                narrow = row if type(row) is dict else columns.of(unpacked(row.narrow))
                yield narrow, packed_in_order(narrow)
        for number, url in enumerate(self._urls):
            for narrow in map(columns.of, self._rows_of_objects(number, url, needed)):
                yield narrow, packed_in_order(narrow)

    def _usable_cache(self) -> "ScanCache | None":
        return self._cache() if self._cache and any(path != STDIN for path in self._paths) else None

    def _read(self, needed: Needed, reading: FileReading, cache: "ScanCache | None") -> Iterator[Any]:
        """What a reading makes of the local files that are needed."""
        files, begun = self._counted(self._needed_files(needed)), time.process_time()
        if cache:
            cache.begin()
            files = _looked_up(files, cache)
        for file in files:
            yield from self._formed(file, reading, cache)
            if self._jobs > 1 and self._needs_others(time.process_time() - begun):
                yield from self._formed_in_processes(files, reading, cache)
        if cache:
            cache.finish()
            cache.flush()

    def _formed_in_processes(
        self, files: Iterator[_File], reading: FileReading, cache: "ScanCache | None"
    ) -> Iterator[Any]:
        """The rows of all of these files, of which other processes read what they can."""
        from aitrail.questions.shares import Shares  # noqa: PLC0415 (imports multiprocessing)

        for file, part in Shares(reading, self._jobs, path_of=_shared_path).parts(files):
            if part is None:
                yield from self._formed(file, reading, cache)
            else:
                yield from self._taken(file, part, cache)

    def _needs_others(self, seconds: float) -> bool:
        """Whether other processes have to help, after so many seconds of CPU time."""
        if seconds >= self._alone:
            return True
        read = self.counts["files"] + self.counts["unreadable"]
        found = self.files_found or read
        return seconds >= _FIRST_SECONDS and seconds * (found - read) >= _SECONDS_LEFT * read

    def _formed(self, file: _File, reading: FileReading, cache: "ScanCache | None") -> Iterator[Any]:
        """The rows of a file that this process has to read, or of which the cache has them."""
        if cache and (file.kept is not None or file.state):
            for part in reading(file.path) if file.kept is None else file.kept:
                yield from self._taken(file, part, cache)
            return
        self.place = file.place
        if file.refusal:
            self._unreadable(file.path, file.refusal)
        else:
            yield from reading.rows_of(self, file.path)

    def _counted(self, files: Iterator[_File]) -> Iterator[_File]:
        if not self._counts_first or self._urls:
            return files
        found = list(files)
        self.files_found = self.counts["files"] + self.counts["unreadable"] + len(found)
        return iter(found)

    def rows_of_path(self, path: str, make: MakeReading = Reading) -> Iterator[Row]:
        """The rows that a kind of reading finds in a local file, or in standard input, which is read now."""
        return self._rows_of_stdin() if path == STDIN else self._attempt(path, partial(_opened, path), make)

    def _taken(self, file: _File, part: Part, cache: "ScanCache | None") -> list[Any]:
        """The rows of a part that has been read apart from this scan."""
        self.place = file.place
        if cache and file.state and file.kept is None and part.is_complete:
            cache.note(file.path, file.state, part)
        for line in part.reports:
            self._report(line)
        for name, count in part.counts.items():  # Counter.update takes three times as long
            self.counts[name] += count
        if part.unknown_sources:
            self.unknown_sources.update(part.unknown_sources)
        return [part] if part.subtotal else part.rows

    def _needed_files(self, needed: Needed) -> Iterator[_File]:
        """The local files that are needed, and in their order what cannot be looked at."""
        files: Iterable[tuple[int, str]]
        refused: list[_File] = []
        if self._files_left is None:
            found = log_files(
                self._paths,
                left_out=self._files_left_out,
                unreadable=lambda path, error: refused.append(_File(path, refusal=error)),
            )
            files = enumerate(found)
        else:
            files = self._files_left
            for reason in BY_NAME:
                del self._files_left_out[reason]
        left, why_not = [], self._why_not(needed)
        for number, path in files:
            yield from refused
            refused.clear()
            if why := why_not(key_of(path)):
                self._files_left_out[why] += 1
                left.append((number, path))
            else:
                yield _File(path, number)
        yield from refused
        self._files_left = left

    def _why_not(self, needed: Needed) -> Callable[[str], str | None]:
        return (EVERYTHING if self._read_all else needed).why_not()

    def _rows_of_stdin(self) -> Iterator[Row]:
        """The rows of standard input, in which log files may follow one another."""
        from aitrail.logfile import documents  # noqa: PLC0415 (standard input only)

        try:
            with _opened(STDIN) as stream:
                for document in documents(stream):
                    yield from self._rows_of_document(document)
        except OSError as error:
            self._unreadable(STDIN, error)

    def _rows_of_document(self, document: "Document") -> Iterator[Row]:
        name = document_name(document.number)
        try:
            yield from self._rows_of(name, document, ends_at=document.ends_at)
        except UnreadableLogFile as error:
            place = f"{name} (from byte {document.position:,} of the input)" if document.number > 1 else name
            damage = document.damage
            goes_on_at = document.skip()
            rest = "nothing after it was read" if goes_on_at is None else f"reading goes on at byte {goes_on_at:,}"
            self._unreadable(place, damage or error, f"; {rest}")

    def _rows_of_objects(self, number: int, url: str, needed: Needed) -> Iterator[Row]:
        from aitrail.deliveries import contents_ahead  # noqa: PLC0415 (imports botocore)

        for content in contents_ahead(self._client, self._needed_objects(url, needed), clock=self._clock):
            self.place = number, content.name
            yield from self._attempt(content.name, content.open)

    def _needed_objects(self, url: str, needed: Needed) -> Iterator[Listed]:
        left_out = self._objects_left_out[url] = Counter()
        why_not = self._why_not(needed)
        for each in log_objects(self._client, url, left_out=left_out):
            if each.name in self._objects_read:
                continue
            if reason := why_not(each.name):
                left_out[reason] += 1
            else:
                self._objects_read.add(each.name)
                yield each

    @cached_property
    def _client(self) -> "S3Client":
        if self._s3 is None:
            raise NoS3Error(f"There is no client to read {self._urls[0]} with.")
        return self._s3()

    def _attempt(
        self, name: str, opened: Callable[[], AbstractContextManager[Stream]], make: MakeReading = Reading
    ) -> Iterator[Row]:
        try:
            with opened() as stream:
                records, rest = self._small_files.unwanted(stream)
                if records is None:
                    yield from self._rows_of(shown_name(name), rest, make)
                else:
                    self.counts["files"] += 1
                    self.counts["records"] += records
                self.counts["bytes"] += _size_of(stream)
        except (OSError, UnreadableLogFile, UnavailableError) as error:
            if name.startswith(S3) and is_of_network(error):  # some of botocore's errors are OSErrors
                raise
            self._unreadable(name, error)

    def _rows_of(
        self, name: str, stream: Stream, make: MakeReading = Reading, *, ends_at: EndsAt = ends_alone
    ) -> Iterator[Row]:
        reading = make(stream, log_file=name, registry=self.registry, is_hashed=False, ends_at=ends_at)
        written = 0
        for batch in reading.batches():
            for reject in batch.rejects:
                self._report(f"{name}: record {reject.key} is rejected: {reject.reason}")
            yield from batch.rows
            written += len(batch.rows)
            self.counts.update(rows=len(batch.rows), rejected=len(batch.rejects))
            batch.rows.clear()  # this batch is still referenced while the next one is created
        reading.reconcile(written)
        if left_out := reading.left_out_rejects:
            self._report(f"{name}: {counted(left_out, 'more record')} {'is' if left_out == 1 else 'are'} rejected")
            self.counts["rejected"] += left_out
        self.counts.update(files=1, records=reading.content.records, duplicates=reading.duplicates_in_file)
        self.unknown_sources += reading.unknown_sources

    def _unreadable(self, name: str, error: Exception, note: str = "") -> None:
        self.counts["unreadable"] += 1
        self._report(f"{shown_name(name)}: unreadable: {getattr(error, 'strerror', None) or error}{note}")

    def _report(self, line: str) -> None:
        """Reports a problem; once, as files may be read again."""
        if line not in self._reported:
            self._reported.add(line)
            self._report_line(line)

    def remarks(self, *, at_length: bool) -> Iterator[str]:
        """Lines for people about the scan; `at_length` also includes the summary if there were no problems."""
        files, rows = self.counts["files"], self.counts["rows"]
        for source, records in sorted(self.unknown_sources.most_common(_NAMED_SOURCES)):
            yield f"Left out {counted(records, 'record')} of {source}, which may be a new name of a service."
        if (others := len(self.unknown_sources) - _NAMED_SOURCES) > 0:
            yield f"The same holds for {counted(others, 'other source')}, each with no more records than these."
        if at_length or self.needs_attention or self.left_out or not rows:
            yield self.summary()
        if nothing := self.nothing_found():
            yield nothing
        elif files and not rows:
            yield f"They contain no calls of {', '.join(service.name for service in self.registry.services)}."

    def nothing_found(self) -> str:
        """A line for people if no log file was found; otherwise, it is empty."""
        if self.counts["files"] or self.counts["unreadable"] or any(map(self.left_out.get, BY_NAME)):
            return ""
        return f"There are no log files here: {'; '.join(self._names())}."

    def _names(self) -> Iterator[str]:
        """Explains how log files are recognized by their names."""
        if self._paths or not self._urls:
            yield f"names of log files end with {' or '.join(ENDINGS)}"
        if self._urls:
            yield "log files in S3 are in AWSLogs/ACCOUNT/CloudTrail/; give the full name of any others"

    def summary(self) -> str:
        """Counts of files and of records, in one line."""
        counts, again = self.counts, self.counts["again"]
        left_out = ", ".join(f"{count} {kind}" for kind, count in sorted(self.left_out.items()))
        return (
            f"{counted(counts['files'], 'log file')} read, {counts['unreadable']} unreadable, "
            f"{self.left_out.total()} left out{f' ({left_out})' if left_out else ''}: "
            f"{counted(counts['records'], 'record')}, {counted(counts['rows'], 'row')}"
            f"{f' ({again:,} delivered again in another file)' if again else ''}, "
            f"{counts['rejected']} rejected, {counted(counts['duplicates'], 'duplicate')} within a file."
        )


def _unchanged(row: Row) -> Row:
    return row


def _looked_up(files: Iterable[_File], cache: "ScanCache") -> Iterator[_File]:
    rest = iter(files)
    while some := list(islice(rest, _LOOKED_UP_AT_ONCE)):
        states = [None if _is_special(file) else cache.state_of(file.path) for file in some]
        kept = cache.find([(file.path, state) for file, state in zip(some, states, strict=True)])
        for file, state, parts in zip(some, states, kept, strict=True):
            yield file._replace(state=state, kept=parts)


def _is_special(file: _File) -> bool:
    return bool(file.refusal) or file.path == STDIN or file.path.startswith("/dev/")


def _shared_path(file: _File) -> str | None:
    """The path, if another process can read the same there, and has to."""
    if file.kept is not None or _is_special(file):
        return None
    with suppress(OSError):
        is_regular = stat.S_ISREG(os.lstat(file.path).st_mode)
        return file.path if is_regular else None  # not a link, which may lead to what only this process has open
    return None


def refuse_missing(paths: Iterable[str]) -> None:
    """Raises NoPathError for a local path that does not exist: to read nothing there would look like an answer."""
    for path in paths:
        try:
            if path != STDIN and not path.startswith(S3):
                Path(path).stat()
        except OSError as error:
            raise NoPathError(f"There is nothing to read at {shown_name(path)!r}: {error.strerror}.") from error


def _opened(path: str) -> AbstractContextManager[Stream]:
    if path != STDIN:
        return open(path, "rb", buffering=0)  # noqa: PTH123 (a Path and a buffer take as long as reading a small file)
    stdin: TextIO | None = sys.stdin
    if stdin is None:
        raise OSError("standard input is closed")
    return nullcontext(stdin.buffer)


def _size_of(stream: Stream) -> int:
    """The bytes of a stream that has been read; 0 if it does not tell."""
    tell: Callable[[], int] | None = getattr(stream, "tell", None)
    try:
        return tell() if tell else 0
    except OSError:
        return 0
