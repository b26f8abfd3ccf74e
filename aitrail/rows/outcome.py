"""The outcome of a call (ok, denied, throttled or an error), derived from errorCode and errorMessage."""

import re
from typing import Any

OUTCOMES = ("ok", "denied", "throttled", "client-error", "server-error")

_DENIED = re.compile(
    r"accessdenied|unauthorized|notauthorized|forbidden|authfailure|expiredtoken|unrecognizedclient|"
    r"invalidclienttoken|signaturedoesnotmatch|invalidsignature|incompletesignature|missingauthenticationtoken|"
    r"invalidaccesskeyid|optinrequired|subscriptionrequired",
    re.IGNORECASE,
)
_DENIED_MESSAGE = re.compile(r"is not authorized to perform|explicit deny", re.IGNORECASE)
_THROTTLED = re.compile(
    r"throttl|toomanyrequests|requestlimitexceeded|provisionedthroughputexceeded|slowdown|rateexceeded", re.IGNORECASE
)
# The same code also means that something is too large or that there are too many of it, where trying again is useless.
_LIMIT = re.compile(r"limitexceeded", re.IGNORECASE)
_TOO_MANY_AT_ONCE = re.compile(
    r"rate exceeded|too many (?:\w+ ){0,3}(?:requests|jobs|streams|sessions)\b|"
    r"\bconcurrent (?:\w+ ){0,2}(?:requests|jobs|streams|sessions)\b",
    re.IGNORECASE,
)
_SERVER_ERROR = re.compile(
    r"^server\.|internalfailure|internalserver|internalerror|serviceunavailable|servicefailure|badgateway|"
    r"dependencyfailed|loopdetected|^5[0-9][0-9]$",
    re.IGNORECASE,
)


def outcome_of(record: dict[str, Any]) -> str:
    """`ok`, `denied`, `throttled`, `client-error` or `server-error`, derived from errorCode and errorMessage."""
    code, message = ("" if record.get(name) is None else str(record[name]) for name in ("errorCode", "errorMessage"))
    if not code and not message:
        return "ok"
    if _DENIED.search(code) or _DENIED_MESSAGE.search(message):
        return "denied"
    if _THROTTLED.search(code) or message.startswith("Rate exceeded"):
        return "throttled"
    if _LIMIT.search(code) and _TOO_MANY_AT_ONCE.search(message):
        return "throttled"
    return "server-error" if _SERVER_ERROR.search(code) else "client-error"
