"""CloudTrail log files for trying the pipeline: invented, reproducible for a given time, and like real ones in form."""

import gzip
import json
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain, product
from random import Random
from typing import Any, TypeVar

from demo.sample_callers import HOME_ACCOUNT, OTHER_ACCOUNT
from demo.sample_calls import AT_ENDPOINT, EARLIER, NOISE, WANTED, Call

ACCOUNTS = (HOME_ACCOUNT, OTHER_ACCOUNT)
REGIONS = ("eu-central-1", "us-east-1")

_HOURS_BEFORE_NOW = (46, 20, 1)
_NOISE_PER_FILE = 30
_UNIQUE_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


_T = TypeVar("_T")
_Record = dict[str, Any]
# The account, the Region and the time of delivery of a log file.
_Place = tuple[str, str, datetime]


class Fate(StrEnum):
    """The outcome of a sample file in the pipeline; the first two are statuses in the ledger."""

    INGESTED = "ingested"
    UNREADABLE = "unreadable"
    ONLY_COUNTED = "only counted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFile:
    """One delivery: its key, its bytes, what is special about it ("" for nothing), and its expected outcome."""

    key: str
    body: bytes
    what: str = ""
    fate: Fate = Fate.INGESTED


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleLogs:
    """All deliveries, and the resulting number of rows of each service; a record delivered twice makes one row."""

    files: tuple[SampleFile, ...]
    rows: Counter[str]


def sample_logs(now: datetime, *, seed: int = 20261892) -> SampleLogs:
    """The sample deliveries of the two days before `now` (aware), and a few of the five weeks before."""
    return Writer(now, Random(seed)).logs()  # noqa: S311 - reproducible, nothing here is secret


@dataclass(slots=True)
class Writer:
    """Writes records and log files; `random` tells everything that does not matter."""

    now: datetime
    random: Random

    def logs(self) -> SampleLogs:
        """Distributes the wanted calls over the log files of the last two days, and adds earlier files and odd ones."""
        places = [
            (account, region, self.now - timedelta(hours=hours))
            for hours, account, region in product(_HOURS_BEFORE_NOW, ACCOUNTS, REGIONS)
        ]
        records: dict[_Place, list[_Record]] = {place: [] for place in places}
        calls = [call for calls in WANTED.values() for call in calls]
        self.random.shuffle(calls)
        for index, call in enumerate(calls):
            place = places[index % len(places)]
            records[place] += (own := self.records(call, *place))
            if call.shared:
                shared = own[0]["sharedEventID"] = self._guid()
                other = _in_other_account(place)
                copy = {"eventID": self._guid(), "recipientAccountId": other[0], "sharedEventID": shared}
                records[other].append(own[0] | copy)
        for days, earlier in EARLIER.items():
            place = (HOME_ACCOUNT, REGIONS[0], self.now - timedelta(days=days))
            records[place] = [record for call in earlier for record in self.records(call, *place)]
        endpoint = [record for call in AT_ENDPOINT for record in self.records(call, *places[-1])]
        wanted = Counter(map(_service_of, (*chain.from_iterable(records.values()), *endpoint)))
        for place, own in records.items():
            own += [self._record(self.random.choice(NOISE), *place) for _ in range(_NOISE_PER_FILE)]
            self.random.shuffle(own)  # CloudTrail guarantees no order
        files = [self.log_file(*place, own) for place, own in records.items()]
        return SampleLogs(files=(*files, *self._odd_files(places[-1], records[places[-1]], endpoint)), rows=wanted)

    def _odd_files(self, place: _Place, records: list[_Record], endpoint: list[_Record]) -> list[SampleFile]:
        account, region, delivered = place
        second = delivered + timedelta(minutes=5)
        whole = self.log_file(account, region, delivered + timedelta(minutes=10), records)
        half = whole.body[: len(whole.body) // 2]
        return [
            self.log_file(account, region, second, records, what="the same records in a second file"),
            SampleFile(key=whole.key, body=half, what="a log file cut in half", fate=Fate.UNREADABLE),
            self._network_activity(place, endpoint),
            self._insight(*place),
        ]

    def records(self, call: Call, account: str, region: str, delivered: datetime) -> list[_Record]:
        """The records that CloudTrail writes of a call in its account, the first one first."""
        first = self._record(call, account, region, delivered)
        time = datetime.fromisoformat(first["eventTime"])
        names = {name: first[name] for name in ("eventID", "requestID")}
        return [
            first,
            *(
                _filled(self._record(each, account, region, delivered), names)
                | {"eventTime": _utc(time + timedelta(seconds=seconds))}
                for seconds, each in call.later
            ),
        ]

    def _record(self, call: Call, account: str, region: str, delivered: datetime) -> dict[str, Any]:
        time = delivered - timedelta(seconds=self.random.randrange(120, 540))
        service = call.source.removesuffix(".amazonaws.com")
        host = call.host or ("models-v2-lex" if service == "lex" else service)
        identity = call.caller.identity(account, _utc(delivered - timedelta(hours=1)))
        known = {"account": account, "region": region, "caller": identity["arn"]}
        errors = dict(zip(("errorCode", "errorMessage"), call.error, strict=True)) if call.error else {}
        tls = {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"{host}.{region}.amazonaws.com",
            "keyExchange": "X25519MLKEM768",
        }
        return {
            "eventVersion": "1.11",
            "userIdentity": identity,
            "eventTime": _utc(time),
            "eventSource": call.source,
            "eventName": call.name,
            "awsRegion": region,
            "sourceIPAddress": call.caller.source_address,
            "userAgent": call.caller.user_agent,
            **_filled(errors, known),
            "requestParameters": _filled(call.request, known),
            "responseElements": _filled(call.response, known),
            "requestID": self._guid(),
            "eventID": self._guid(),
            "readOnly": call.read_only,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": account,
            "eventCategory": "Management",
            **({} if call.caller.is_service else {"tlsDetails": tls}),
            **_filled(call.extra, known),
        }

    def _network_activity(self, place: _Place, records: list[_Record]) -> SampleFile:
        own_fields = {
            "eventType": "AwsVpceEvents",
            "eventCategory": "NetworkActivity",
            "managementEvent": False,
            "vpcEndpointId": "vpce-0f1e2d3c4b5a69788",
            "vpcEndpointAccountId": place[0],
        }
        body = _packed({"Records": [record | own_fields for record in records]})
        return SampleFile(
            key=self._key("CloudTrail-NetworkActivity", *place), body=body, what="calls at a VPC endpoint"
        )

    def _insight(self, account: str, region: str, delivered: datetime) -> SampleFile:
        record = {
            "eventVersion": "1.09",
            "eventTime": _utc(delivered),
            "awsRegion": region,
            "eventID": self._guid(),
            "eventType": "AwsCloudTrailInsight",
            "recipientAccountId": account,
            "insightDetails": {
                "state": "Start",
                "eventSource": "polly.amazonaws.com",
                "eventName": "SynthesizeSpeech",
                "insightType": "ApiCallRateInsight",
                "insightContext": {"statistics": {"baseline": {"average": 0.31}, "insight": {"average": 42.5}}},
            },
            "eventCategory": "Insight",
        }
        key = self._key("CloudTrail-Insight", account, region, delivered)
        return SampleFile(
            key=key, body=_packed({"Records": [record]}), what="an Insights event", fate=Fate.ONLY_COUNTED
        )

    def log_file(
        self, account: str, region: str, delivered: datetime, records: list[dict[str, Any]], *, what: str = ""
    ) -> SampleFile:
        """A log file with these records."""
        key = self._key("CloudTrail", account, region, delivered)
        return SampleFile(key=key, body=_packed({"Records": records}), what=what)

    def _key(self, folder: str, account: str, region: str, delivered: datetime) -> str:
        unique = "".join(self.random.choices(_UNIQUE_CHARACTERS, k=16))
        return log_file_key(folder, account, region, delivered, unique)

    def _guid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))


def log_file_key(folder: str, account: str, region: str, delivered: datetime, unique: str) -> str:
    """The key under which CloudTrail delivers a file; `folder` is CloudTrail, CloudTrail-Insight and so on."""
    day, minute = delivered.strftime("%Y/%m/%d"), delivered.strftime("%Y%m%dT%H%MZ")
    return f"AWSLogs/{account}/{folder}/{region}/{day}/{account}_{folder}_{region}_{minute}_{unique}.json.gz"


def _filled(value: _T, known: dict[str, str]) -> _T:
    text = json.dumps(value)
    for name, meant in known.items():
        text = text.replace(f"{{{name}}}", meant)
    filled: _T = json.loads(text)
    return filled


def _in_other_account(place: _Place) -> _Place:
    account, region, delivered = place
    return next(each for each in ACCOUNTS if each != account), region, delivered


def _service_of(record: _Record) -> str:
    """The service of a wanted record."""
    sources = {call.source: service for service, calls in WANTED.items() for call in calls}
    return sources[record["eventSource"]]


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _packed(content: dict[str, Any]) -> bytes:
    return gzip.compress(json.dumps(content, separators=(",", ":")).encode(), mtime=0)
