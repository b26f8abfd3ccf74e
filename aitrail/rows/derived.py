"""The attributes that a row has in addition to its record, derived from the record and the registry alone."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from aitrail.dynamodb import items
from aitrail.rows.facts import facts_of, named_resources
from aitrail.rows.identity import identity_of
from aitrail.rows.known_identities import KnownIdentities
from aitrail.rows.outcome import outcome_of
from aitrail.rows.rejects import Reject
from aitrail.rows.table_keys import event_id_of, index_key
from aitrail.services import Attributes, Registry, Service, operation_of, shortened

# Of the further resources of a call: AWS accepts five lexicons, or five vocabularies and five filters.
_MAX_RESOURCES = 10
_MAX_BYTES_OF_RESOURCES = 640
_EVENT_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def derived_attributes(record: dict[str, Any], registry: Registry, retention: timedelta | None) -> dict[str, Any]:
    """The derived attributes of a wanted record; attributes without a value are left out. Raises Reject."""
    service = registry.service(str(record.get("eventSource")))
    if service is None:
        raise Reject(f"no service is registered for eventSource {record.get('eventSource')!r}")
    event_time = event_time_of(record)
    derived = {
        "eventID": event_id_of(record),
        "eventDay": record["eventTime"][: len("2026-01-31")],
        "outcome": outcome_of(record),
        **_IDENTITIES.of(record),
        **service_attributes(record, service),
        # Not event_time + retention: datetime ends with the year 9999.
        "expiresAt": None if retention is None else int(event_time.timestamp() + retention.total_seconds()),
    }
    return {name: value for name, value in derived.items() if value or value == 0}  # False and 0 are values


def service_attributes(record: dict[str, Any], service: Service) -> dict[str, Any]:
    """What the service's file and `facts_of` say of a record; None and empty values for what they do not."""
    operation = operation_in(record)
    found = attributes_in(record, service, operation)
    usage = usage_in(found) | facts_of(record)
    named = dict.fromkeys(named_resources(record, service))
    resource = found.resource or next(iter(named), None)
    further = _further(service, (*found.used, *named), resource)
    if further:
        usage["resources"] = further
    return {
        "service": service.name,
        "operation": _text(operation),
        "resource": None if resource is None else index_key(resource),
        "usage": usage,
    }


def operation_in(record: dict[str, Any]) -> str:
    """The API operation of a record; "" if it names none."""
    event_name = record.get("eventName")
    return operation_of(event_name) if isinstance(event_name, str) else ""


def attributes_in(record: dict[str, Any], service: Service, operation: str) -> Attributes:
    """What the service's file says of a record."""
    request, response = record.get("requestParameters"), record.get("responseElements")
    source, additional = str(record.get("eventSource")), record.get("additionalEventData")
    return service.attributes_of(operation, request, response, source, additional)


def usage_in(found: Attributes) -> dict[str, Any]:
    """The usage among these attributes, with texts that can be stored."""
    return {name: _text(value) for name, value in found.usage.items()}


def _further(service: Service, resources: Iterable[str], resource: str | None) -> list[str]:
    """The resources beside `resource` that `who` looks for in `usage`, as many as there is room for."""
    further: dict[str, int] = {}
    for each in resources:
        if each != resource and each.partition("/")[0] in service.used_kinds:
            key = shortened(index_key(each))
            further[key] = len(key.encode())
            if len(further) > _MAX_RESOURCES or sum(further.values()) > _MAX_BYTES_OF_RESOURCES:
                del further[key]
                break
    return list(further)


def identity_attributes(record: dict[str, Any]) -> dict[str, Any]:
    """Who made a call, as in rows; None for what the record does not say."""
    identity = identity_of(record)
    return {
        "principal": index_key(identity.principal),
        "principalAccount": _text(identity.principal_account),
        "sessionName": _text(identity.session_name),
        "accessKeyId": _text(identity.access_key_id),
        "credentials": identity.credentials,
        "temporaryCredentials": identity.temporary_credentials,
        "calledBy": _text(identity.called_by),
        **{name: index_key(value) for name, value in identity.behind.items()},
    }


_IDENTITIES: Final = KnownIdentities(identity_attributes)


def event_time_of(record: dict[str, Any]) -> datetime:
    """The eventTime of a record. Raises Reject."""
    value = record.get("eventTime")
    if not isinstance(value, str) or not _EVENT_TIME.fullmatch(value):
        given = repr(value)[:60] if "eventTime" in record else "missing"
        raise Reject(f"eventTime is {given}; it should look like 2026-01-31T23:59:59Z")
    try:
        if value[11:13] < "24":  # Python 3.14 accepts 24:00 as the following midnight
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    raise Reject(f"eventTime {value!r} is not a real date")


def _text(value: Any) -> Any:  # noqa: ANN401 (strings are made storable, other values pass through)
    """A derived string in a form that UTF-8 can encode; the record itself keeps the original."""
    return items.encodable(value) if isinstance(value, str) else value
