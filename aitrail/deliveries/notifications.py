"""Body of a queue message -> the deliveries, and removals of deliveries, that the message announces.

| envelope                 | bucket, key                                    | key                       |
|--------------------------|------------------------------------------------|---------------------------|
| S3 event                 | Records[].s3.bucket.name, .s3.object.key       | URL-encoded, + is a space |
| EventBridge event of S3  | detail.bucket.name, detail.object.key          | verbatim                  |
| CloudTrail's own message | s3Bucket, s3ObjectKey[]                        | verbatim                  |
| one of them inside SNS   | Message holds it as text; raw delivery: itself | as above                  |

aitrail's own announcements have CloudTrail's format; with "force": true, a delivery is ingested again.
They come through the backfill queue. Anyone who may send to the other queue could write the same text, so from there,
`force` is ignored, and a request for the rest of a review is unknown.

These messages announce nothing: s3:TestEvent, `CloudTrail validation message.`, SNS subscription messages, requests for
a review (`review_request`), and S3 events after which there is nothing to look at. Any other message is unknown as
a whole: no part of a message is dropped silently.
Sources: Amazon S3 user guide ("Event message structure", "EventBridge event message structure"), AWS CloudTrail user
guide ("Configuring Amazon SNS notifications for CloudTrail").
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NoReturn
from urllib.parse import unquote_plus

from aitrail.errors import AitrailError


class UnknownNotification(AitrailError):
    """The body of a message is not a known envelope. The error message shows field names and hardly any content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One object that CloudTrail wrote to a bucket.

    `version_id`, `etag` (without quotes) and `size` (bytes) are set if they were announced. `force` requests that
    it is ingested again, whatever the ledger says. `removed` announces that someone deleted the object or one of its
    versions.
    """

    bucket: str
    key: str
    version_id: str | None = None
    etag: str | None = None
    size: int | None = None
    force: bool = False
    removed: bool = False

    @property
    def log_file(self) -> str:
        """The object's name in the ledger."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRequest:
    """The position from which to continue a review: a problem (aitrail.ledger.PROBLEMS) and the name of a log file."""

    problem: str = ""
    after: str = ""


_SNS_WRAPPINGS = 2
# Fields of messages that announce something.
_ANNOUNCING = frozenset({"Records", "s3Bucket", "s3ObjectKey", "Message"})
_VALIDATION_MESSAGE = "CloudTrail validation message."

# Events by S3's eventName, or the part before its colon, and by EventBridge's detail-type.
# An archived object can be read only after its restore has completed, not when the restore is requested.
_SOMETHING_TO_READ = frozenset(
    {"ObjectCreated", "ObjectRestore:Completed", "Object Created", "Object Restore Completed"},
)
# S3 does not send these events for what a lifecycle rule deletes; EventBridge sends one event with two reasons.
_REMOVALS = frozenset({"ObjectRemoved", "Object Deleted"})
_OF_THE_LIFECYCLE = "Lifecycle Expiration"
# A closed list: an event that AWS adds later may announce something to read, so a person has to check it first.
_NOTHING_TO_READ = frozenset(
    {
        "IntelligentTiering",
        "LifecycleExpiration",
        "LifecycleTransition",
        "ObjectAcl",
        "ObjectAnnotation",
        "ObjectRestore",
        "ObjectRetention",
        "ObjectTagging",
        "ReducedRedundancyLostObject",
        "Replication",
        "Object ACL Updated",
        "Object Access Tier Changed",
        "Object Restore Expired",
        "Object Restore Initiated",
        "Object Storage Class Changed",
        "Object Tags Added",
        "Object Tags Deleted",
    },
)


def deliveries(body: str, *, is_backfill: bool = False) -> tuple[Delivery, ...]:
    """All deliveries that the message announces, in its order, each bucket, key and version once.

    `is_backfill` if the message came through the backfill queue: only there, `force` applies. () for a message that
    announces nothing to read. Any other text raises UnknownNotification and no other error.
    """
    if review_request(body, is_backfill=is_backfill):
        return ()
    announced = [each if is_backfill else replace(each, force=False) for each in _announced(body, _SNS_WRAPPINGS)]
    return tuple({(each.bucket, each.key, each.version_id, each.removed): each for each in announced}.values())


def review_request(body: str, *, is_backfill: bool = False) -> ReviewRequest | None:
    """The review that a message requests: EventBridge's hourly event, or the rest of a review that ran out of time.

    The latter can be requested only through the backfill queue (`is_backfill`).
    """
    if '"aws.events"' not in body and '"review"' not in body:
        return None
    try:
        match json.loads(body):
            case {"source": "aws.events", "detail-type": "Scheduled Event", **rest} if not _ANNOUNCING & rest.keys():
                return ReviewRequest()
            case {"review": {"problem": str(problem), "after": str(after)}, **others} if is_backfill and not others:
                after.encode()  # no name can contain a lone surrogate
                return ReviewRequest(problem=problem, after=after)
    except (ValueError, RecursionError):
        pass
    return None


def _announced(text: str, wrappings: int) -> list[Delivery]:
    try:
        return list(_in_envelope(text, wrappings))
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, nested too deeply, or refused below
        raise UnknownNotification(
            f"This message is not a notification of a delivery: {error}. It is {_looks(text)}. The queue accepts S3 "
            "event notifications, EventBridge events from S3 and CloudTrail notifications, plain or wrapped by SNS at "
            "most twice. Find out who sends the message; `aitrail retry s3://BUCKET/KEY` announces a delivery by hand.",
        ) from error


def _in_envelope(text: str, wrappings: int) -> Iterator[Delivery]:
    if text.strip().strip('"') == _VALIDATION_MESSAGE or review_request(text):
        return
    match json.loads(text, parse_constant=_refuse_constant):
        case {"Type": "Notification", "Message": str(message)} if wrappings:
            yield from _announced(message, wrappings - 1)
        case {"Type": "SubscriptionConfirmation" | "UnsubscribeConfirmation"} | {"Event": "s3:TestEvent"}:
            return
        case {"Records": [_, *_] as records}:
            yield from _of_s3(records)
        case {"source": "aws.s3", "detail-type": str(event), "detail": detail}:
            yield from _of_eventbridge(event, detail)
        case {"s3Bucket": bucket, "s3ObjectKey": [_, *_] as keys, **others}:
            for key in keys:
                yield replace(_delivery(bucket, key, {}), force=others.get("force") is True)
        case _:
            raise ValueError("its fields match no known envelope")


def _of_s3(records: list[object]) -> Iterator[Delivery]:
    for record in records:
        match record:
            # AWS increases the minor version when it adds fields; readers should compare the major version.
            case {"eventSource": "aws:s3", "eventVersion": str(version), "eventName": str(event)} if (
                version.partition(".")[0] == "2"
            ):
                if _something_happened(event):
                    yield _after(event, _of_s3_object(record))
            case _:
                raise ValueError("one of its Records is not an S3 event of version 2")


def _of_s3_object(record: object) -> Delivery:
    match record:
        case {"s3": {"bucket": {"name": bucket}, "object": {"key": str(key)} as facts}}:
            return _delivery(bucket, unquote_plus(key, errors="strict"), facts)
    raise ValueError("one of its Records names no object")


def _of_eventbridge(event: str, detail: object) -> Iterator[Delivery]:
    if not _something_happened(event):
        return
    match detail:
        case {"reason": str(reason)} if event in _REMOVALS and reason == _OF_THE_LIFECYCLE:
            return
        case {"bucket": {"name": bucket}, "object": {"key": key} as facts}:
            yield _after(event, _delivery(bucket, key, facts))
        case _:
            raise ValueError("its detail names no object")


def _something_happened(event: str) -> bool:
    """Whether there is an object to read, or one to look for."""
    names = _names_of(event)
    if names & (_SOMETHING_TO_READ | _REMOVALS):
        return True
    if names & _NOTHING_TO_READ:
        return False
    raise ValueError(f"its event {event[:40]!a} is not known")


def _after(event: str, found: Delivery) -> Delivery:
    """The delivery that an event announces. Which version was removed does not matter: what is left does."""
    is_removal = bool(_names_of(event) & _REMOVALS)
    return Delivery(bucket=found.bucket, key=found.key, removed=True) if is_removal else found


def _names_of(event: str) -> set[str]:
    return {event, event.partition(":")[0]}


def _delivery(bucket: object, key: object, facts: dict[str, object]) -> Delivery:
    """The delivery of an object; S3 events and EventBridge spell version and etag in `facts` differently."""
    etag = _text_or_none(facts.get("eTag", facts.get("etag")), "the etag")
    size = facts.get("size")
    return Delivery(
        bucket=_text(bucket, "the bucket"),
        key=_text(key, "the key"),
        version_id=_text_or_none(facts.get("versionId", facts.get("version-id")), "the version"),
        etag=(etag or "").strip('"') or None,
        size=size if type(size) is int and size >= 0 else None,
    )


def _text_or_none(value: object, what: str) -> str | None:
    return None if value in (None, "") else _text(value, what)


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{what} of an object is not a string, or is empty")
    value.encode()  # raises ValueError for a lone surrogate: no bucket, key or version can contain one
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _looks(text: str) -> str:
    """Describes the text in at most 200 ASCII characters: field names, or a beginning too short to contain a secret."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return f"text of {len(text)} characters that starts with {text[:16]!a}"
    if not isinstance(value, dict):
        return f"JSON of type {type(value).__name__}"
    return f"a JSON object with the fields {', '.join(map(ascii, value))}"[:200]
