"""userIdentity -> principal, credentials, and the caller's own account.

Source of the field meanings: AWS CloudTrail User Guide, "CloudTrail userIdentity element". Every field is optional
here: old records, service events and anonymous calls omit most of them. An empty string counts as absent.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from msgspec import Struct, field

_SSO_ROLE_PREFIX = "AWSReservedSSO_"
# Roles under this path belong to IAM Identity Center. Where the path is known, the prefix alone is not enough: a user
# who may create a role with that prefix could choose another person's session name, and so their principal.
_SSO_ROLE_ARN = re.compile(r"arn:[^:]*:iam::[0-9]*:role/aws-reserved/sso\.amazonaws\.com/")

_ARN = re.compile(r"arn:[^:]*:(?:iam|sts)::([^:]*):([^/]+)/?(.*)", re.DOTALL)
_TEMPORARY_KEY = re.compile(r"ASIA[A-Z0-9]{12,124}")
_ANONYMOUS = {"anonymous", "ANONYMOUS_PRINCIPAL"}

_CREDENTIALS = {
    "Root": "root",
    "IAMUser": "iam-user",
    "AssumedRole": "role",
    "Role": "role",
    "FederatedUser": "federated-user",
    "WebIdentityUser": "web-identity",
    "SAMLUser": "saml",
    "IdentityCenterUser": "sso",
    "AWSService": "aws-service",
    "AWSAccount": "aws-account",
    "Directory": "directory",
}
CREDENTIALS = (*dict.fromkeys(_CREDENTIALS.values()), "unknown")
# The part of a principal before the slash; only `root` has none.
PRINCIPAL_KINDS = ("user", "role", "sso", "federated", "web", "saml", "directory", "service", "account", "unknown")
_ALWAYS_TEMPORARY = {"role", "sso", "federated-user", "web-identity", "saml"}


class Identity(Struct, frozen=True, kw_only=True):
    """Who made a call; a value that the record does not give is None.

    `principal` is short and stable: `user/Alice`, `role/Admin`, `root`, `sso/alice@example.com`, `federated/Name`,
    `web/<provider>:<user>`, `saml/<name>`, `directory/<name>`, `service/lex.amazonaws.com`, `account/111122223333`,
    `unknown/<best id>`. `credentials` is one of root, iam-user, role, sso, federated-user, web-identity, saml,
    aws-service, aws-account, directory, unknown. `called_by` is the AWS service that made the call on behalf of the
    principal. `behind` holds who acted behind the principal, as far as the record says it: see BEHIND.
    """

    principal: str
    credentials: str
    temporary_credentials: bool
    principal_account: str | None
    session_name: str | None
    access_key_id: str | None
    called_by: str | None
    behind: Mapping[str, str] = field(default_factory=dict)


# Attribute of a row -> the object in userIdentity that says who acted behind the principal, and the names of texts in
# it, of which the first that is present counts.
BEHIND = {
    # What the caller had to say of himself when he assumed the role, if its trust policy demands it.
    "sourceIdentity": ("sessionContext", ("sourceIdentity",)),
    # The user of IAM Identity Center for whom the principal acted.
    "onBehalfOf": ("onBehalfOf", ("userId",)),
    # The AWS resource, or else the service, to which the credentials were given.
    "inScopeOf": ("inScopeOf", ("credentialsIssuedTo", "sourceArn", "issuerType")),
    # The account to which the account's owner has delegated.
    "invokedByDelegate": ("invokedByDelegate", ("accountId",)),
}


class _Arn(NamedTuple):
    account: str | None = None
    kind: str = ""
    name: str | None = None
    session: str | None = None


_CREDENTIALS_BY_ARN = {
    "root": "root",
    "user": "iam-user",
    "assumed-role": "role",
    "role": "role",
    "federated-user": "federated-user",
}


def identity_of(record: dict[str, Any]) -> Identity:
    """The identity that made the call of a CloudTrail record; never fails, whatever userIdentity contains."""
    user = map_of(record.get("userIdentity"))
    session_context = map_of(user.get("sessionContext"))
    issuer = map_of(session_context.get("sessionIssuer"))
    arn = _parsed(_text(user, "arn"))
    session_name = _session_name(user, arn)
    credentials = _credentials(user, issuer, arn)
    access_key_id = _text(user, "accessKeyId") or _key_of_other_account(user)
    return Identity(
        principal=_principal(user, issuer, arn, credentials, session_name),
        credentials=credentials,
        temporary_credentials=(
            bool(session_context) or credentials in _ALWAYS_TEMPORARY or (access_key_id or "").startswith("ASIA")
        ),
        principal_account=_account(user, issuer, arn),
        session_name=session_name,
        access_key_id=access_key_id,
        called_by=_text(user, "invokedBy"),
        behind=dict(_behind(user)),
    )


def _key_of_other_account(user: dict[str, Any]) -> str | None:
    """The temporary access key that principalId has instead of a name, if the caller is of another account."""
    key = (_text(user, "principalId") or "").partition(":")[0] if user.get("type") == "AWSAccount" else ""
    return key if _TEMPORARY_KEY.fullmatch(key) else None


def _behind(user: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for attribute, (parent, names) in BEHIND.items():
        fields = user.get(parent)
        if isinstance(fields, dict) and (found := next(filter(None, (_text(fields, name) for name in names)), None)):
            yield attribute, found


def map_of(value: object) -> dict[str, Any]:
    """A JSON object; an empty one in the place of any other value."""
    return value if isinstance(value, dict) else {}


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) and value else None


def _parsed(arn: str | None) -> _Arn:
    """Splits an IAM or STS ARN; the path of a user or role is not part of its name."""
    match = _ARN.fullmatch(arn or "")
    if match is None:
        return _Arn()
    account, kind, rest = match.groups()
    if kind == "assumed-role":
        role, _, session = rest.partition("/")
        return _Arn(account or None, kind, role or None, session or None)
    return _Arn(account or None, kind, rest.rpartition("/")[2] or None)


def _session_name(user: dict[str, Any], arn: _Arn) -> str | None:
    """The session name of an assumed role: the end of its ARN, or the part of principalId after the role's id."""
    if arn.session or user.get("type") != "AssumedRole":
        return arn.session
    return (_text(user, "principalId") or "").partition(":")[2] or None


def _credentials(user: dict[str, Any], issuer: dict[str, Any], arn: _Arn) -> str:
    kind = user.get("type")
    if kind is None and arn.kind:
        credentials = _CREDENTIALS_BY_ARN.get(arn.kind, "unknown")
    elif kind is None and _text(user, "invokedBy"):
        credentials = "aws-service"
    else:
        credentials = _CREDENTIALS.get(kind, "unknown") if isinstance(kind, str) else "unknown"
    if credentials == "role" and _is_sso(issuer, arn):
        return "sso"
    if credentials == "aws-account" and _is_anonymous(user):
        return "unknown"
    return credentials


def _is_sso(issuer: dict[str, Any], arn: _Arn) -> bool:
    role = _text(issuer, "userName") or arn.name or ""
    issuer_arn = _text(issuer, "arn")
    return role.startswith(_SSO_ROLE_PREFIX) and (issuer_arn is None or bool(_SSO_ROLE_ARN.match(issuer_arn)))


def _is_anonymous(user: dict[str, Any]) -> bool:
    return not _ANONYMOUS.isdisjoint({_text(user, "accountId"), _text(user, "principalId")})


def _account(user: dict[str, Any], issuer: dict[str, Any], arn: _Arn) -> str | None:
    account = _text(user, "accountId") or arn.account or _text(issuer, "accountId")
    return None if account in _ANONYMOUS else account


def _principal(
    user: dict[str, Any], issuer: dict[str, Any], arn: _Arn, credentials: str, session_name: str | None
) -> str:
    match credentials:
        case "root":
            return "root"
        case "unknown":
            return _principal_of_unknown(user, issuer, arn)
        case "role" | "sso":
            return _role_principal(user, issuer, arn, session_name if credentials == "sso" else None)
        case "web-identity":
            kind, name = "web", _web_user(user)
        case "aws-service":
            kind, name = "service", _text(user, "invokedBy")
        case "aws-account":
            kind, name = "account", _account(user, issuer, arn)
        case _:
            kind = {"iam-user": "user", "federated-user": "federated"}.get(credentials, credentials)
            name = _text(user, "userName") or arn.name
    return f"{kind}/{name or _best_id(user)}"


def _role_principal(user: dict[str, Any], issuer: dict[str, Any], arn: _Arn, sso_session: str | None) -> str:
    """The role's name or, for IAM Identity Center, the person's name, which is the role's session name."""
    if user.get("type") == "IdentityCenterUser":
        person = _text(user, "userName") or _text(map_of(user.get("onBehalfOf")), "userId")
        return f"sso/{person or _best_id(user)}"
    if sso_session:
        return f"sso/{sso_session}"
    return f"role/{_text(issuer, 'userName') or arn.name or _best_id(user)}"


def _web_user(user: dict[str, Any]) -> str | None:
    """`provider:user` from the fields for the two, or from principalId, which is `provider:audience:user`."""
    provider, name = _text(user, "identityProvider"), _text(user, "userName")
    parts = (_text(user, "principalId") or "").split(":", 2)
    if len(parts) == 3:  # noqa: PLR2004 (provider, audience, user; the user's name may contain colons)
        provider, name = provider or parts[0], name or parts[2]
    return f"{provider}:{name}" if provider and name else name


def _principal_of_unknown(user: dict[str, Any], issuer: dict[str, Any], arn: _Arn) -> str:
    """The principal of a caller whose type CloudTrail did not determine; an ARN still names the caller."""
    known = _CREDENTIALS_BY_ARN.get(arn.kind)
    if known is None or not (arn.name or known == "root"):
        return "unknown/anonymous" if _is_anonymous(user) else f"unknown/{_best_id(user)}"
    credentials = "sso" if known == "role" and _is_sso(issuer, arn) else known
    return _principal(user, issuer, arn, credentials, arn.session)


def _best_id(user: dict[str, Any]) -> str:
    """The most specific id that is present: first the role's or user's unique id, without its session."""
    principal_id = (_text(user, "principalId") or "").partition(":")[0]
    return principal_id or _text(user, "arn") or _text(user, "userName") or _text(user, "accountId") or "anonymous"
