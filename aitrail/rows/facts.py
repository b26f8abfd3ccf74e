"""Short facts of a record that every index entry has, in the map `usage`, and the resources that a record names by ARN.

A field of an unexpected shape counts as absent.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from aitrail.dynamodb import items
from aitrail.rows.identity import map_of
from aitrail.services import Service, is_redacted, shortened

# User agents up to this many characters, and as many of them, are kept with what was made of them.
_MOST_KNOWN = 512
_MOST_AGENTS = 1024
_PRODUCT = re.compile(r"[^\s/]+/[^\s,;]+")
_FLAGS = {"true": True, "false": False}
# Others can only choose what follows the resource: neither the caller's ARN nor the action contains a space.
_REFUSED = re.compile(r"is not authorized to perform: [A-Za-z0-9-]+:[A-Za-z0-9]+ on resource: (\S+)")
# Wildcards name no resource. Names of the services' resources consist of these characters.
_ARN = re.compile(r"arn:aws[a-z-]*:([a-z0-9-]+):[a-z0-9-]*:[0-9]{0,12}:[a-z][a-z-]*[/:][\w+=,.@:/-]{1,256}", re.ASCII)


def facts_of(record: dict[str, Any]) -> dict[str, str | bool]:
    """The members of `usage` that do not depend on the service: agent, mfa, originalEventID, sharedEventID.

    Texts have at most 64 characters. `originalEventID` is that of the record which this one corrects.
    """
    facts: dict[str, str | bool] = {}
    user_agent = record.get("userAgent")
    if isinstance(user_agent, str):
        agent = (_known_agent if len(user_agent) <= _MOST_KNOWN else _agent)(user_agent)
        if agent:
            facts["agent"] = agent
    addendum = map_of(record.get("addendum"))
    original = addendum.get("originalEventID") if addendum.get("reason") == "UPDATED_DATA" else None
    for name, text in (("originalEventID", original), ("sharedEventID", record.get("sharedEventID"))):
        if isinstance(text, str) and text:
            facts[name] = shortened(items.encodable(text))
    attributes = map_of(map_of(map_of(record.get("userIdentity")).get("sessionContext")).get("attributes"))
    mfa = attributes.get("mfaAuthenticated")
    flag = mfa if isinstance(mfa, bool) else _FLAGS.get(mfa) if isinstance(mfa, str) else None
    if flag is not None:
        facts["mfa"] = flag
    return facts


def named_resources(record: dict[str, Any], service: Service) -> Iterator[str]:
    """The resources of the service that `resources` or the message of a denied call names by an ARN, as kind/name."""
    resources = record.get("resources")
    arns = [map_of(each).get("ARN") for each in resources] if isinstance(resources, list) else []
    message = record.get("errorMessage")
    refused = _REFUSED.search(message) if isinstance(message, str) else None
    for arn in (*arns, refused and refused[1]):
        found = _ARN.fullmatch(arn) if isinstance(arn, str) else None
        if found and f"{found[1]}.amazonaws.com" in service.event_sources:
            named = service.resource_at(found[0])
            if named is not None:
                yield named


def _agent(user_agent: str) -> str:
    """The first product with its version; all of a text that does not begin with one, such as a host; "" if hidden."""
    if is_redacted(user_agent):
        return ""
    text = user_agent.strip(" []")
    product = _PRODUCT.match(text)
    return shortened(items.encodable(product[0] if product else text))


_known_agent = lru_cache(_MOST_AGENTS)(_agent)  # a few clients make most calls
