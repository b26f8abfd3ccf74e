"""Measures reading log files in S3, with a server on loopback that responds to each request after a while."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final
from unittest.mock import patch

import boto3
from botocore.config import Config

from aitrail.deliveries import OBJECTS_AHEAD
from aitrail.questions import Scan
from bench.corpora import Corpus
from bench.measuring import ROOT, Figure, Scale, wall_seconds

LATENCY: Final = 0.03
_FILE_BYTES: Final = 50_000
_AHEAD: Final = (8, 16, OBJECTS_AHEAD)
_KEY: Final = (
    "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/21/"
    "111122223333_CloudTrail_eu-west-1_20261121T0905Z_{:016}.json.gz"
)


def figures(scale: Scale) -> Iterator[Figure]:
    """The time for as many small log files as there are items, with different numbers of requests at once."""
    with _server(scale.items) as url:
        ways: dict[str, Callable[[], object]] = {str(ahead): partial(_scan, url, ahead) for ahead in _AHEAD}
        wall = wall_seconds(max(1, scale.runs // 3), ways)
    for ahead in _AHEAD:
        name = f"{scale.items:,} log files in S3, 30 ms latency: {ahead} at once"
        yield Figure(name=name, value=wall[str(ahead)], unit="s")


def _scan(url: str, ahead: int) -> None:
    config = Config(max_pool_connections=ahead)
    keys = {"aws_access_key_id": "AKIAEXAMPLEKEY000000", "aws_secret_access_key": "no-secret"}
    client: Any = boto3.client("s3", region_name="eu-west-1", endpoint_url=url, config=config, **keys)  # type: ignore[call-overload]
    scan = Scan(["s3://example-trail-logs"], report=print, s3=lambda: client)
    with patch("aitrail.deliveries.content.OBJECTS_AHEAD", ahead):
        for _ in scan.rows():
            pass


@contextmanager
def _server(count: int) -> Iterator[str]:
    """A server with that many log files, in a process of its own; it ends when nobody writes to it any more."""
    command = [sys.executable, "-m", __name__, str(count)]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:  # noqa: S603 - our own interpreter
        server: Any = process
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


async def _serve(count: int) -> None:
    file = Corpus().files(1, size=_FILE_BYTES)[0]
    listed = "".join(
        f"<Contents><Key>{_KEY.format(number)}</Key><Size>{len(file)}</Size></Contents>" for number in range(count)
    )
    listing = f"<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>".encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.readline():
            while (await reader.readline()).strip():
                pass
            await asyncio.sleep(LATENCY)
            body = listing if b"list-type=2" in request else file
            head = f'HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nETag: "0"\r\n\r\n'
            writer.write(head.encode() + body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
