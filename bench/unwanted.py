"""Measures log files with content that CloudTrail does not write, compared with json.loads of the same bytes."""

import json
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from typing import Final

from aitrail.logfile import LogFile
from aitrail.services import load
from bench.measuring import Figure, Scale, cpu_seconds

_MOST: Final = 3.0
_RECORD: Final = '{"eventVersion":"1.08","eventSource":"s3.amazonaws.com","requestParameters":{"text":"a"}}'
_MIXED: Final = ("1", "null", '"a,b]"', "1.5", "[]", "{}", '[1,{"a":[2,"b"]}]', '{"k":1,"l":[{"m":{}}]}', '[[["a"]]]')
# What is between the brackets of Records, repeated.
_ELEMENTS: Final = {
    "numbers": "1",
    "nulls": "null",
    "texts": '"a"',
    "texts outside of ASCII": '"ä"',
    "lists": "[]",
    "maps": "{}",
    "all kinds of values": ",".join(_MIXED),
    "lists of records": f"[{_RECORD},{_RECORD}]",
    "long texts": f'"{"a" * 5000}"',
    "texts of 200 KB": f'"{"a" * 200_000}"',
    "texts of separators": r'"},{\"event"',
    "integers of 4,300 digits among numbers": ",".join(["1"] * 3000 + ["9" * 4300]),
    "NaN after each record": f"{_RECORD},NaN",
    "NaN after 1,000 records": f"{','.join([_RECORD] * 1000)},NaN",
    "lone surrogates": _RECORD.replace('"a"', r'"\ud800"'),
    "deep nesting among numbers": ",".join(["1"] * 4000 + ["[" * 900 + "]" * 900]),
    "lists of 20 KB among numbers": ",".join(["1"] * 1000 + [f"[{','.join(['[]'] * 7000)}]"]),
}
# The keys before Records, repeated.
_KEYS: Final = {"keys": '"a":1', "lists of Records": '"Records":[1]', "maps in Records": '"Records":[{}]'}


def figures(scale: Scale) -> Iterator[Figure]:
    """Ratios of CPU time to that of json.loads; `file_bytes` of each content."""
    for name, content in contents(scale.file_bytes).items():
        cpu = cpu_seconds(scale.runs, {"select": partial(read, content), "json.loads": partial(json.loads, content)})
        yield Figure(name=f"{name} / json.loads", value=cpu["select"] / cpu["json.loads"], most=_MOST)


def contents(size: int) -> dict[str, bytes]:
    """The uncompressed contents, each of about `size` bytes, by name."""
    found = {name: '{"Records":[%s]}' % _repeated(text, size) for name, text in _ELEMENTS.items()}  # noqa: UP031
    found |= {f"many {name}": '{%s,"Records":[]}' % _repeated(text, size) for name, text in _KEYS.items()}  # noqa: UP031
    values = json.loads(f"[{_repeated(','.join(_MIXED), size // 4)}]")
    found["formatted values"] = json.dumps({"Records": values}, indent=4)
    return {name: text.encode() for name, text in found.items()}


def _repeated(text: str, size: int) -> str:
    return ",".join([text] * max(1, size // (len(text) + 1)))


def read(content: bytes) -> int:
    """Reads one log file without hashing it; returns its number of records."""
    log_file = LogFile(BytesIO(content), load().sources, is_hashed=False)
    for _ in log_file:
        pass
    return log_file.records
