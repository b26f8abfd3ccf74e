"""A condition's value as people may write it -> the spelling in rows, or an error with the closest valid value."""

import re
from collections.abc import Callable, Collection, Iterable

from aitrail.errors import AitrailError
from aitrail.rows import CREDENTIALS, OUTCOMES, PRINCIPAL_KINDS, identity_of, index_key
from aitrail.services import Registry, operation_of

# A value that begins with this character excludes rows.
EXCLUDES = "!"
# Records before version 1.07 (2019) do not contain the category.
USUAL_CATEGORY = "Management"
EVENT_CATEGORIES = (USUAL_CATEGORY, "Data", "NetworkActivity")

# Part of the ARN of a role created by IAM Identity Center. The principals of its calls are people.
_SSO_ROLE = ":role/aws-reserved/sso.amazonaws.com/"
# The maximum number of characters of a text that a message shows.
_SHOWN = 60


class ConditionError(AitrailError):
    """A condition that no row can meet; `condition` is its name, `text` the given value if it is a text."""

    condition: str | None = None
    text: str | None = None


def is_pattern(text: str) -> bool:
    """Whether the text contains a shell-style wildcard."""
    return any(character in text for character in "*?[")


def wanted_of(values: Iterable[str]) -> tuple[str, ...]:
    """Those of a condition's values that do not exclude rows."""
    return tuple(value for value in values if not value.startswith(EXCLUDES))


def excluded_of(values: Iterable[str]) -> tuple[str, ...]:
    """Those of a condition's values that exclude rows, without the character that says so."""
    return tuple(value.removeprefix(EXCLUDES) for value in values if value.startswith(EXCLUDES))


def lacks_kind(text: str, kinds: Iterable[str]) -> bool:
    """Whether the text is a pattern for a name without its kind."""
    begin = re.split(r"[*?\[]", text, maxsplit=1)[0]
    return is_pattern(text) and "/" not in text and bool(begin) and not any(kind.startswith(begin) for kind in kinds)


def nearest(text: str, known: Iterable[str]) -> str | None:
    """The known name that the text was probably meant to be, ignoring case."""
    from difflib import get_close_matches  # noqa: PLC0415 (only errors need it)

    by_lower = {each.lower(): each for each in known}
    found = get_close_matches(text.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def or_valid(text: str, known: Collection[str]) -> str:
    """The end of an error message that refuses a text: the name that was probably meant, and all valid names."""
    meant = nearest(text, known)
    return f"{f': did you mean {meant}?' if meant else '.'} Choose from {', '.join(known)}."


def shown(value: object) -> str:
    """The value for a message: a long text is cut, and invisible characters are escaped."""
    return repr(f"{value[:_SHOWN]}…" if isinstance(value, str) and len(value) > _SHOWN else value)


def _example(text: str) -> str:
    """A name for an example: the text itself if it is suitable."""
    return text if re.fullmatch(r"[\w+=,.@-]{1,60}", text) else "NAME"


Spelling = Callable[[str, Registry], str]


def one_of(what: str, known: Callable[[Registry], Collection[str]]) -> Spelling:
    """Accepts known values, in upper and lower case."""

    def spelling(text: str, registry: Registry) -> str:
        valid = known(registry)
        for each in valid:
            if each.lower() == text.lower():
                return each
        raise ConditionError(f"{shown(text)} is not a known {what}{or_valid(text, valid)}")

    return spelling


def shaped(what: str, pattern: str, example: str) -> Spelling:
    """Accepts texts that match a regular expression."""

    def spelling(text: str, _: Registry) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ConditionError(f"{shown(text)} is not a valid {what}: it should look like {example}.")
        return text

    return spelling


def _principal(text: str, registry: Registry) -> str:
    kind, _slash, name = text.partition("/")
    if text.startswith("arn:"):
        return with_wildcards_of_arns(index_key(_principal_at(text)))
    if lacks_kind(text, (*PRINCIPAL_KINDS, "root")):
        raise ConditionError(f"No principal is like {shown(text)}: every one begins with its kind. Give '*/{text}'.")
    if text == "root" or is_pattern(text):
        return text
    if name and kind in PRINCIPAL_KINDS:
        return index_key(text)
    if name and kind in registry.resource_kinds:
        raise ConditionError(f"{shown(text)} is a resource, not a principal.")
    if name:
        raise ConditionError(f"{shown(kind)} is not a kind of principal{or_valid(kind, PRINCIPAL_KINDS)}")
    example = _example(text)
    raise ConditionError(
        f"{shown(text)} is not a principal: give user/{example}, role/{example} (kinds are "
        f"{', '.join(PRINCIPAL_KINDS)}), root, an ARN, or a pattern such as '*/{example}'."
    )


def with_wildcards_of_arns(name: str) -> str:
    """The name as a pattern: * and ? are wildcards in ARNs as well, [ is not."""
    return name.replace("[", "[[]")


def _principal_at(arn: str) -> str:
    if _SSO_ROLE in arn:
        raise ConditionError(
            f"{shown(arn)} is a role of IAM Identity Center: give one of its users, such as sso/alice@example.com, or "
            "'sso/*'."
        )
    # Records use the same rules to convert an ARN to a principal, so the results agree.
    principal = identity_of({"userIdentity": {"arn": arn}}).principal
    # An ARN without a name is returned unchanged.
    if principal.startswith("unknown/") or principal.endswith(arn):
        raise ConditionError(f"{shown(arn)} is not the ARN of a user, role, federated user or root.")
    return principal


def _resource(text: str, registry: Registry) -> str:
    if text.startswith("arn:"):
        return with_wildcards_of_arns(index_key(_resource_at(text, registry)))
    if is_pattern(text):
        return text
    kind, _slash, name = text.partition("/")
    if not kind or not name:
        example = _example(text)
        raise ConditionError(
            f"{shown(text)} is not a resource: give KIND/NAME, such as lexicon/{example}, an ARN, or a pattern such as "
            f"'*/{example}'. `aitrail services` lists the kinds."
        )
    if kind in PRINCIPAL_KINDS and kind not in registry.resource_kinds:
        raise ConditionError(f"{shown(text)} is a principal, not a resource.")
    # An ARN may contain a kind that is in no service file: only kinds that look mistyped are refused.
    meant = None if kind in registry.resource_kinds else nearest(kind, registry.resource_kinds)
    if meant:
        raise ConditionError(
            f"{shown(kind)} is not a kind of resource: did you mean {meant}/{_example(name)}? If not, give "
            f"{shown(f'{kind[:-1]}?/{_example(name)}')}."
        )
    return index_key(text)


def _resource_at(arn: str, registry: Registry) -> str:
    found = registry.resource_of_arn(arn)
    if found is None:
        names = ", ".join(service.name for service in registry.services)
        raise ConditionError(f"{shown(arn)} is not the ARN of a resource of {names}.")
    return found


def place_of_arn(text: str) -> tuple[str, str]:
    """Account and Region of an ARN; empty if the ARN means any, and for any other text."""
    if not text.startswith("arn:"):
        return "", ""
    _, _, _, region, account, *_ = [*text.split(":"), *[""] * 5]
    return "" if account == "*" else account, "" if region == "*" else region


def _source_ip(text: str, _: Registry) -> str:
    # The name of a service has dots.
    is_name = is_pattern(text) or bool(re.search("[.:]", text)) or text == "AWS Internal"
    is_valid = is_name and bool(re.fullmatch(r"[!-~]+( [!-~]+)*", text))
    if re.fullmatch(r"[0-9.]+(/.*)?|[0-9a-fA-F]*:[0-9a-fA-F:.]*(/.*)?", text):
        from ipaddress import ip_network  # noqa: PLC0415 (would slow down --help)

        try:
            ip_network(text, strict=False)
        except ValueError:
            is_valid = False
    if not is_valid:
        raise ConditionError(
            f"{shown(text)} is not an address: give one such as 203.0.113.9, a network such as 203.0.113.0/24, a name "
            "such as lex.amazonaws.com, or a pattern such as '203.0.*'."
        )
    return text


def _operation(text: str, _: Registry) -> str:
    if not re.fullmatch(r"([\w*?]|\[!?[\w-]+\])+", text, re.ASCII):
        raise ConditionError(
            f"{shown(text)} is not an operation: give a name such as SynthesizeSpeech, or a pattern such as 'Delete*'."
        )
    return operation_of(text)


SPELLINGS: dict[str, Spelling] = {
    "service": one_of("service", lambda registry: [service.name for service in registry.services]),
    "operation": _operation,
    "principal": _principal,
    "principal_account": shaped("account", r"\d{12}", "111122223333"),
    "resource": _resource,
    "account": shaped("account", r"\d{12}", "111122223333"),
    "region": shaped("Region", r"[a-z]{2,}(-[a-z]+)+-\d+", "eu-central-1"),
    "outcome": one_of("outcome", lambda _: OUTCOMES),
    "credentials": one_of("kind of credentials", lambda _: CREDENTIALS),
    "source_ip": _source_ip,
    "access_key": shaped("access key id", r"[A-Z0-9]{16,128}", "AKIAIOSFODNN7EXAMPLE"),
    "event_category": one_of("event category", lambda _: EVENT_CATEGORIES),
}
