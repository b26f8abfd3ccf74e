"""What the installed AWS SDK describes, without importing it: operations, to suggest corrections, and Regions."""

import gzip
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

# botocore has no service model of Transcribe streaming.
_STREAMING = (
    "GetMedicalScribeStream",
    "StartCallAnalyticsStreamTranscription",
    "StartMedicalScribeStream",
    "StartMedicalStreamTranscription",
    "StartStreamTranscription",
)


class _Model(msgspec.Struct):
    operations: dict[str, msgspec.Raw]


class _Partition(msgspec.Struct):
    regions: dict[str, Any]


class _Partitions(msgspec.Struct):
    partitions: list[_Partition]


def known_operations(services: Iterable[str]) -> frozenset[str]:
    """The operations of all SDK services whose names begin with one of these, and of Transcribe streaming."""
    names = tuple(services)
    folders = (folder for folder in _data().iterdir() if folder.name.startswith(names))
    models = (msgspec.json.decode(text, type=_Model) for text in map(_newest, folders) if text)
    return frozenset(_STREAMING).union(*(model.operations for model in models))


def known_regions() -> tuple[str, ...]:
    """The Regions of all partitions; those of a partition are next to each other."""
    found = msgspec.json.decode((_data() / "partitions.json").read_bytes(), type=_Partitions)
    regions = (name for partition in found.partitions for name in partition.regions)
    return tuple(name for name in regions if name[-1].isdigit())  # not aws-global and its like


def _data() -> Path:
    """The folder in which botocore keeps descriptions: importing botocore takes longer than reading them."""
    found = find_spec("botocore")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("botocore is not installed")
    return Path(found.origin).parent / "data"


def _newest(folder: Path) -> bytes:
    """The newest description of a service; empty without one."""
    return next(_descriptions(folder), b"")


def _descriptions(folder: Path) -> Iterator[bytes]:
    for version in sorted(folder.iterdir(), reverse=True):
        for file in sorted(version.glob("service-2.json*")):
            yield gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
