"""The outcome of a call (ok, denied, throttled or an error), derived from errorCode and errorMessage."""

import re
from typing import Any

OUTCOMES = ("ok", "denied", "throttled", "client-error", "server-error")

_DENIED = re.compile(
    r"accessdenied|unauthorized|notauthorized|forbidden|authfailure|expiredtoken|unrecognizedclient|"
    r"invalidclienttoken|signaturedoesnotmatch|invalidsignature|incompletesignature|missingauthenticationtoken|"
    r"invalidaccesskeyid|optinrequired",
    re.IGNORECASE,
)
_DENIED_MESSAGE = re.compile(r"is not authorized to perform|explicit deny", re.IGNORECASE)
_THROTTLED = re.compile(
    r"throttl|toomanyrequests|requestlimitexceeded|provisionedthroughputexceeded|slowdown|rateexceeded", re.IGNORECASE
)
_SERVER_ERROR = re.compile(
    r"^server\.|internalfailure|internalserver|internalerror|serviceunavailable|servicefailure|badgateway|"
    r"dependencyfailed|loopdetected|requesttimeout|^5[0-9][0-9]$",
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
    return "server-error" if _SERVER_ERROR.search(code) else "client-error"
