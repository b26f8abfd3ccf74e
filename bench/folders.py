"""Writes reproducible folders of log files as people have them, to measure commands end to end."""

import gzip
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from bench.corpora import Corpus, document
from bench.measuring import Scale

_ACCOUNT: Final = "111122223333"
_REGION: Final = "eu-west-1"
_TINY_BYTES: Final = 4000
# Most log files of a trail have a few records; few have the most that CloudTrail puts into one.
_MEDIAN_BYTES: Final = 12_000
_SPREAD: Final = 1.7
_MOST_BYTES: Final = 5_000_000
# As in the trail of an account that uses the services now and then.
_RARELY: Final = 0.0016


class Folder(NamedTuple):
    """A kind of folder: its name, its records, and the bytes of its files, uncompressed."""

    name: str
    corpus: Corpus
    sizes: Iterable[int]

    def write(self, path: Path) -> None:
        """Writes log files of about these sizes, in the folders and with the names that CloudTrail gives them."""
        records = self.corpus.records()
        for number, size in enumerate(self.sizes):
            file = path / _name(number)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(gzip.compress(document(records, size), 6, mtime=0))


def folders(scale: Scale) -> list[Folder]:
    """The folders that commands are measured with."""
    large = [scale.file_bytes] * scale.folder_files
    return [
        Folder("large files, none wanted", Corpus(), large),
        Folder("large files, 1 % wanted", Corpus(wanted=0.01), large),
        Folder("large files, all wanted", Corpus(wanted=1.0), large),
        Folder("mixed sizes", Corpus(wanted=_RARELY), islice(_sizes(), 100 * scale.folder_files)),
        Folder("tiny files", Corpus(wanted=_RARELY), [_TINY_BYTES] * 250 * scale.folder_files),
    ]


def _sizes() -> Iterable[int]:
    random = Random(Corpus().seed)  # noqa: S311 - reproducible, nothing here is secret
    while True:
        yield min(_MOST_BYTES, int(_MEDIAN_BYTES * random.lognormvariate(0, _SPREAD)))


def _name(number: int) -> str:
    day, five_minutes = divmod(number, 288)
    month, day = divmod(day, 28)
    date = f"2026/{month + 1:02}/{day + 1:02}"
    time = f"{five_minutes // 12:02}{five_minutes % 12 * 5:02}"
    name = f"{_ACCOUNT}_CloudTrail_{_REGION}_{date.replace('/', '')}T{time}Z_{number:016}.json.gz"
    return f"AWSLogs/{_ACCOUNT}/CloudTrail/{_REGION}/{date}/{name}"
