"""Measures log files from compressed bytes to wanted records, compared with decompression alone and json.loads."""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import Any, Final

from aitrail.logfile import LogFile, inflated
from aitrail.services import load
from bench.corpora import FRESH, Corpus
from bench.measuring import Figure, Scale, cpu_seconds

_STEP_BYTES: Final = 256 * 1024
_TINY_BYTES: Final = 4000
_FILES = Sequence[bytes]


def figures(scale: Scale) -> Iterator[Figure]:
    """Ratios of CPU time for the same files."""
    for compressed, most in ((5, 2.0), (12, 3.0)):
        files = Corpus(fresh=FRESH[compressed]).files(scale.files, size=scale.file_bytes)
        yield from _noise(scale, files, most=most)
    rare = Corpus(wanted=0.01).files(scale.files, size=scale.file_bytes)
    cpu = cpu_seconds(scale.runs, {"inflate": over(rare, inflate), "select": over(rare, select)})
    yield Figure(name="1 % wanted / inflating", value=cpu["select"] / cpu["inflate"], most=2.5)
    tiny = Corpus().files(scale.tiny_files, size=_TINY_BYTES)
    ways = {"inflate": inflate, "naive": naive, "select": select, "whole": select_and_hash}
    cpu = cpu_seconds(scale.runs, {name: over(tiny, way) for name, way in ways.items()})
    yield Figure(name="tiny files: json.loads / without SHA-256", value=cpu["naive"] / cpu["select"], least=3.5)
    yield Figure(name="tiny files: json.loads / with SHA-256", value=cpu["naive"] / cpu["whole"])
    yield Figure(name="tiny files: json.loads / inflating alone", value=cpu["naive"] / cpu["inflate"])
    yield Figure(name="CPU of a tiny file", value=cpu["whole"] / len(tiny) * 1e6, unit="us")


def _noise(scale: Scale, files: _FILES, *, most: float) -> Iterator[Figure]:
    contents = [gzip.decompress(file) for file in files]
    ratio = sum(map(len, contents)) / sum(map(len, files))
    ways = {
        "inflate": over(files, inflate),
        "select": over(files, select),
        "whole": over(files, select_and_hash),
        "hash": over(contents, hashed),
        "naive": over(files, naive),
    }
    cpu = cpu_seconds(scale.runs, ways)
    noise = f"noise, {ratio:.1f}x compressed"
    speed = sum(map(len, contents)) / cpu["inflate"] / 1e6
    yield Figure(name=f"{noise}: inflating alone", value=speed, unit="MB/s")
    yield Figure(name=f"{noise}: without SHA-256 / inflating", value=cpu["select"] / cpu["inflate"], most=most)
    yield Figure(name=f"{noise}: SHA-256 alone / inflating", value=cpu["hash"] / cpu["inflate"])
    yield Figure(name=f"{noise}: with SHA-256 / inflating", value=cpu["whole"] / cpu["inflate"])
    yield Figure(name=f"{noise}: json.loads / without SHA-256", value=cpu["naive"] / cpu["select"], least=6)
    yield Figure(name=f"{noise}: json.loads / with SHA-256", value=cpu["naive"] / cpu["whole"])
    yield Figure(name=f"{noise}: json.loads / inflating alone", value=cpu["naive"] / cpu["inflate"])


def over(files: _FILES, way: Callable[[bytes], object]) -> Callable[[], None]:
    """A function that reads all files in one way."""

    def all_files() -> None:
        for file in files:
            way(file)

    return all_files


def inflate(file: bytes) -> int:
    """Decompresses in steps, verifying CRC and length; returns the number of bytes."""
    return sum(map(len, inflated(BytesIO(file), _STEP_BYTES)))


def hashed(content: bytes) -> str:
    """SHA-256 of the content."""
    return hashlib.sha256(content).hexdigest()


def select(file: bytes) -> list[tuple[int, dict[str, Any]]]:
    """The wanted records and their positions, without a hash of the content."""
    return _selected(file, is_hashed=False)


def select_and_hash(file: bytes) -> list[tuple[int, dict[str, Any]]]:
    """The wanted records and their positions, as the function reads them."""
    return _selected(file, is_hashed=True)


def _selected(file: bytes, *, is_hashed: bool) -> list[tuple[int, dict[str, Any]]]:
    registry = load()
    content = LogFile(BytesIO(file), registry.sources, is_lookalike=registry.is_lookalike, is_hashed=is_hashed)
    return list(content)


def naive(file: bytes) -> list[tuple[int, dict[str, Any]]]:
    """The wanted records and their positions, with only the standard library."""
    sources = load().sources
    records = enumerate(json.loads(gzip.decompress(file))["Records"])
    return [(index, record) for index, record in records if record["eventSource"] in sources]
