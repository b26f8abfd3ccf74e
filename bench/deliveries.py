"""Measures the cost of one delivery without wanted records: requests to AWS, and the function's CPU time."""

import json
from collections import Counter
from collections.abc import Iterator

from aitrail.ingest import Ingested, Ingestion
from bench.corpora import Corpus
from bench.function import Aws, deployed
from bench.measuring import Figure, Scale, cpu_seconds

_OBJECT = {
    "key": "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/21/"
    "111122223333_CloudTrail_eu-west-1_20261121T0905Z_Zr5tYh2kQw8eLp0N.json.gz",
    "eTag": "5d41402abc4b2a76b9719d911017c592",
}
MESSAGE = json.dumps(
    {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": "example-trail-logs"}, "object": _OBJECT},
            }
        ]
    }
)
_REQUESTS = {"GET": "S3 GET", "GetItem": "ledger read", "UpdateItem": "ledger write"}
_TINY_BYTES = 4000


def figures(scale: Scale) -> Iterator[Figure]:
    """Requests by kind, and CPU time."""
    aws = Aws(Corpus().files(1, size=_TINY_BYTES)[0])
    with deployed(aws) as ingestion:
        deliver(ingestion)
        requests = Counter(aws.requests)
        cpu = cpu_seconds(scale.runs, {"deliver": lambda: [deliver(ingestion) for _ in range(scale.items // 10)]})
    for operation, name in _REQUESTS.items():
        yield Figure(name=f"delivery without hits: {name}", value=requests.pop(operation, 0), unit="requests", most=1)
    yield Figure(name="delivery without hits: others", value=requests.total(), unit="requests", most=0)
    yield Figure(name="delivery of a tiny file: CPU", value=cpu["deliver"] / (scale.items // 10) * 1e3, unit="ms")


def deliver(ingestion: Ingestion) -> list[Ingested]:
    """Ingests one message; returns the reported outcomes."""
    reported: list[Ingested] = []
    ingestion.ingest_message(MESSAGE, time_left=lambda: 60.0, report=reported.append)
    return reported
