"""Reproducible log files for measurements, with chosen shares of compressible and of wanted records.

A record is the text of a call in which every placeholder in `<>` is replaced by a value. In a share of the records, all
values are new; the others repeat a recent record with new ids and a new time, like programs that repeat a call. The
larger the share, the less gzip can compress.
"""

import gzip
import json
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from random import Random
from typing import Any, Final

from bench.calls import IDENTITIES, NOISE, USER_AGENTS, WANTED, Call

# Approximate compression ratio with gzip level 6 -> the share of new records that results in it.
FRESH: Final = {5: 1.0, 12: 0.13}
_RECENT: Final = 6  # records that may be repeated
_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE64: Final = f"{_BASE32.lower()}{_BASE32}0189+/"
_NAMES: Final = ("orders", "billing", "search", "voice", "video", "nightly", "deploy", "audit", "web", "batch")

_CALLS: Final = {False: NOISE, True: WANTED}

HEAD: Final = b'{"Records":['
TAIL: Final = b"]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Files of one kind: `fresh` and `wanted` are shares of the records."""

    fresh: float = FRESH[5]
    wanted: float = 0.0
    seed: int = 20261121

    def records(self) -> Iterator[bytes]:
        """An endless sequence of records as compact JSON."""
        random = Random(self.seed)  # noqa: S311 - reproducible, nothing here is secret
        kinds = {wanted: (_templates(calls), deque[str](maxlen=_RECENT)) for wanted, calls in _CALLS.items()}
        while True:
            templates, recent = kinds[random.random() < self.wanted]
            if not recent or random.random() < self.fresh:
                recent.append(_filled(_WORD, random.choice(templates), random))
            yield _filled(_OWN_WORD, random.choice(recent), random).encode()

    def files(self, count: int, *, size: int) -> list[bytes]:
        """Compressed log files of at least `size` bytes uncompressed, each with different records."""
        records = self.records()
        return [gzip.compress(document(records, size), 6, mtime=0) for _ in range(count)]


def document(records: Iterator[bytes], size: int) -> bytes:
    """A log file of at least `size` bytes, with the next records."""
    parts, length = [], len(HEAD)
    while length < size:
        parts.append(next(records))
        length += len(parts[-1]) + 1
    return HEAD + b",".join(parts) + TAIL


def write_large(path: Path, corpus: Corpus, *, size: int, block: int = 2000) -> int:
    """Writes one log file of about `size` bytes uncompressed, repeating a block of records with new GUIDs.

    The file is compressed with level 1, for speed. Returns the number of records.
    """
    random = Random(corpus.seed)  # noqa: S311 - reproducible, nothing here is secret
    text = b",".join(islice(corpus.records(), block))
    parts = re.split(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}", text)
    gzipped = zlib.compressobj(1, wbits=31)
    written, blocks = len(HEAD), 0
    with path.open("wb") as file:
        file.write(gzipped.compress(HEAD))
        while written < size:
            guids = [_guid(random).encode() for _ in parts[1:]]
            content = b"".join(part for pair in zip(parts, [*guids, b""], strict=True) for part in pair)
            file.write(gzipped.compress(b"," + content if blocks else content))
            written, blocks = written + len(content) + 1, blocks + 1
        file.write(gzipped.compress(TAIL) + gzipped.flush())
    return blocks * block


def _templates(calls: tuple[Call, ...]) -> list[str]:
    """The text of every call by every caller, with placeholders."""
    pairs = product(calls, IDENTITIES)
    return [
        json.dumps(_record(call, identity, USER_AGENTS[index % len(USER_AGENTS)]), separators=(",", ":"))
        for index, (call, identity) in enumerate(pairs)
    ]


def _record(call: Call, identity: dict[str, Any], user_agent: str) -> dict[str, Any]:
    service = identity.get("invokedBy")
    host = f"{call.service}.<region>.amazonaws.com"
    tls = {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": host}
    return {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": "2026-11-21T08:<time>Z",
        "eventSource": f"{call.service}.amazonaws.com",
        "eventName": call.name,
        "awsRegion": "<region>",
        "sourceIPAddress": service or "198.51.100.<digits>",
        "userAgent": service or user_agent,
        "requestParameters": call.request,
        "responseElements": call.response,
        "requestID": "<id>",
        "eventID": "<id>",
        "readOnly": call.is_reading,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "<account>",
        "eventCategory": "Management",
        **call.extra,
        **({} if service else {"tlsDetails": tls}),
    }


def _filled(word: re.Pattern[str], text: str, random: Random) -> str:
    return word.sub(lambda match: _VALUES[match[1]](random), text)


def _guid(random: Random) -> str:
    text = f"{random.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"


def _text(random: Random, alphabet: str, length: int) -> str:
    return "".join(random.choices(alphabet, k=length))


_VALUES: Final[dict[str, Callable[[Random], str]]] = {
    "account": lambda random: random.choice(("111122223333", "444455556666")),
    "region": lambda random: random.choice(("eu-west-1", "us-east-1", "ap-southeast-2")),
    "digits": lambda random: str(random.randrange(10, 250)),
    "name": lambda random: f"{random.choice(_NAMES)}-{_text(random, _BASE32.lower(), 16)}",
    "key": lambda random: _text(random, _BASE32, 17),
    "hex17": lambda random: f"{random.getrandbits(68):017x}",
    "hex32": lambda random: f"{random.getrandbits(128):032x}",
    "guid": _guid,
    "secret": lambda random: _text(random, _BASE64, 170),
    "id": _guid,
    "time": lambda random: f"{random.randrange(15):02}:{random.randrange(60):02}",
}
_OWN_WORD: Final = re.compile("<(id|time)>")  # these are unique to a record
_WORD: Final = re.compile(f"<({'|'.join(_VALUES.keys() - {'id', 'time'})})>")
