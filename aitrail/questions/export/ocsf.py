"""Whole rows as events of OCSF's class API Activity: docs/export.md has the mapping as a table. Pure.

Source: the Open Cybersecurity Schema Framework (OCSF), github.com/ocsf/ocsf-schema.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import Any

from aitrail.cells import json_line
from aitrail.dynamodb import items
from aitrail.questions import Row, further_resources, usage_member
from aitrail.questions.export.columns import Kind
from aitrail.questions.export.ocsf_attributes import ATTRIBUTES, VERSION
from aitrail.window import parse_time

_CATEGORY, _CLASS, _INFORMATIONAL = (6, "Application Activity"), (6003, "API Activity"), (1, "Informational")
_AWS_ACCOUNT = (10, "AWS Account")
_NOTHING = "unknown"

_ACTIVITIES = {0: "Unknown", 1: "Create", 2: "Read", 3: "Update", 4: "Delete", 99: "Other"}
# The first pattern that an operation matches. What starts a job makes one; what starts a conversation or a stream, or
# synthesizes and recognizes, is none of the four. Put* makes or replaces.
_KINDS = (
    (2, ("Get*", "List*", "Describe*", "Search*")),
    (4, ("Delete*", "BatchDelete*")),
    (99, ("Start*Stream*", "StartConversation")),
    (3, ("StartRecommender", "Stop*", "Update*", "BatchUpdate*", "Put*", "Build*", "Tag*", "Untag*")),
    (1, ("Create*", "BatchCreate*", "Start*")),
)
# credentials -> the type of the user: a person, an administrator, a service. A role may be used by any of them.
_USER_TYPES = {
    **dict.fromkeys(("iam-user", "sso", "federated-user", "web-identity", "saml", "directory"), 1),
    "root": 2,
    "aws-service": 4,
    "role": 99,
    "aws-account": 99,
}
_OF_USER_IDENTITY = ("type", "arn", "principalId", "accountId", "accessKeyId")
# What rows have twice, or only for queries.
_LEFT_OUT = ("eventDay", "eventTime", "operation")


class _Left:
    """The attributes of a row that have not been taken; a value that no text can hold stays."""

    def __init__(self, row: Row) -> None:
        self.values = {name: value for name, value in row.items() if value is not None and name not in _LEFT_OUT}

    def text(self, name: str) -> str | None:
        value = _text(self.values.get(name))
        if value is not None:
            del self.values[name]
        return value

    def object(self, name: str) -> dict[str, Any] | None:
        return self.values.pop(name) if isinstance(self.values.get(name), dict) else None


def activity_of(operation: object) -> int:
    """The activity_id of an operation: 1 Create, 2 Read, 3 Update, 4 Delete, 99 Other, 0 without an operation."""
    if not isinstance(operation, str) or not operation:
        return 0
    kinds = (kind for kind, patterns in _KINDS if any(fnmatchcase(operation, each) for each in patterns))
    return next(kinds, 99)


def event_of(row: Row) -> dict[str, Any]:
    """The event of a whole row, with values for some of ATTRIBUTES; what has no place among them is in `unmapped`."""
    left, activity = _Left(row), activity_of(row.get("operation"))
    is_ok = row.get("outcome") == "ok"
    outcome, error = left.text("outcome"), left.text("errorCode")
    event = {
        **_numbered("activity", activity, _ACTIVITIES[activity]),
        "category_uid": _CATEGORY[0],
        "category_name": _CATEGORY[1],
        "class_uid": _CLASS[0],
        "class_name": _CLASS[1],
        "type_uid": _CLASS[0] * 100 + activity,
        "type_name": f"{_CLASS[1]}: {_ACTIVITIES[activity]}",
        "severity_id": _INFORMATIONAL[0],
        "severity": _INFORMATIONAL[1],
        "status_id": 1 if is_ok else 2 if outcome else 0,
        "status": "Success" if is_ok else "Failure" if outcome else "Unknown",
        "status_code": error,
        "status_detail": None if is_ok else outcome,
        "time": _milliseconds(row["eventTime"]),
        "metadata": _metadata(row, left),
        "actor": _actor(row, left),
        "api": _api(row, left, error),
        "src_endpoint": _source(left),
        "http_request": {"user_agent": left.text("userAgent")},
        "cloud": {"provider": "AWS", "region": left.text("awsRegion"), "account": _account(left, "recipientAccountId")},
        "resources": _resources(row, left),
    }
    found: dict[str, Any] = _without_nothing(event)
    return found | ({"unmapped": left.values} if left.values else {})


def typed_event(row: Row) -> dict[str, Any]:
    """The event of a whole row with its JSON values as text."""
    event: dict[str, Any] = _with_texts(event_of(row), ATTRIBUTES)
    return event


def _with_texts(value: Any, kind: Any) -> Any:  # noqa: ANN401 (any part of an event, and of ATTRIBUTES)
    if isinstance(kind, Mapping):
        return {name: _with_texts(each, kind[name]) for name, each in value.items()}
    return json_line(value) if kind is Kind.JSON else value


def _numbered(name: str, number: int, caption: str) -> dict[str, Any]:
    return {f"{name}_id": number, f"{name}_name": caption}


def _metadata(row: Row, left: _Left) -> dict[str, Any]:
    return {
        "version": VERSION,
        "product": {"name": "CloudTrail", "vendor_name": "AWS", "version": left.text("eventVersion")},
        "profiles": ["cloud"],
        "uid": left.text("eventID"),
        "event_code": left.text("eventType"),
        "correlation_uid": left.text("sharedEventID"),
        "log_name": left.text("logFile"),
        "log_provider": "CloudTrail",
        "original_time": row["eventTime"],
    }


def _actor(row: Row, left: _Left) -> dict[str, Any]:
    identity = left.object("userIdentity") or {}
    session = _member(identity, "sessionContext")
    issuer, attributes = (_member(session, name) for name in ("sessionIssuer", "attributes"))
    mfa = usage_member(row, "mfa")
    if rest := {name: value for name, value in identity.items() if name not in _OF_USER_IDENTITY or not _text(value)}:
        left.values["userIdentity"] = rest
    return {
        "user": {
            "name": left.text("principal") or _NOTHING,
            "uid": _text(identity.get("arn")),
            "uid_alt": _text(identity.get("principalId")),
            "type_id": _USER_TYPES.get(str(row.get("credentials")), 0),
            "type": _text(identity.get("type")),
            "account": _account(left, "principalAccount"),
            "credential_uid": left.text("accessKeyId"),
        },
        "session": {
            "uid": left.text("sessionName"),
            "issuer": _text(issuer.get("arn")),
            "created_time": _milliseconds(attributes.get("creationDate")),
            "is_mfa": mfa if isinstance(mfa, bool) else None,
        },
        "app_name": left.text("calledBy"),
    }


def _api(row: Row, left: _Left, error: str | None) -> dict[str, Any]:
    request = left.text("requestID")
    return {
        "operation": left.text("eventName") or _text(row.get("operation")) or _NOTHING,
        "version": left.text("apiVersion") or _text(usage_member(row, "apiVersion")),
        "service": {"name": left.text("eventSource")},
        # A request needs an identifier: without one, its parameters have no place.
        "request": {"uid": request, "data": left.object("requestParameters")} if request else None,
        "response": {
            "error": error,
            "error_message": left.text("errorMessage"),
            "data": left.object("responseElements"),
        },
    }


def _source(left: _Left) -> dict[str, Any]:
    address = left.text("sourceIPAddress")
    if address is None:
        return {"name": _NOTHING}
    try:
        ip_address(address)
    except ValueError:
        return {"svc_name": address}
    return {"ip": address}


def _account(left: _Left, name: str) -> dict[str, Any] | None:
    account = left.text(name)
    return {"uid": account, "type_id": _AWS_ACCOUNT[0], "type": _AWS_ACCOUNT[1]} if account else None


def _resources(row: Row, left: _Left) -> list[dict[str, str]]:
    names = [left.text("resource"), *map(_text, further_resources(row))]
    parts = [(name, *name.partition("/")) for name in names if name]
    return [{"uid": name, "type": kind, "name": own} if slash else {"uid": name} for name, kind, slash, own in parts]


def _member(of: dict[str, Any], name: str) -> dict[str, Any]:
    value = of.get(name)
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value and items.is_unicode(value) else None


def _milliseconds(text: object) -> int | None:
    try:
        moment = parse_time(text) if isinstance(text, str) else None
    except ValueError:
        return None
    # Without an offset, a time is not known.
    return int(moment.timestamp()) * 1000 if moment and moment.tzinfo else None


def _without_nothing(value: Any) -> Any:  # noqa: ANN401 (any part of an event)
    """An event without attributes that have no value, and without objects that have none; JSON values stay."""
    if not isinstance(value, dict):
        return value
    kept = {name: each if name == "data" else _without_nothing(each) for name, each in value.items()}
    return {name: each for name, each in kept.items() if each is not None and (name == "data" or each not in ({}, []))}
