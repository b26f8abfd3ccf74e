"""Spellings of the conditions on usage (engines, voices and so on), and on how a call was made and refused."""

import re

from aitrail.questions.spellings import (
    ConditionError,
    Spelling,
    is_pattern,
    one_of,
    or_valid,
    shaped,
    shown,
    with_wildcards_of_arns,
)
from aitrail.rows import identity_of
from aitrail.services import Registry, shortened

# Amazon Polly API Reference, SynthesizeSpeech.
ENGINES = ("standard", "neural", "long-form", "generative")
_ENGINE = one_of("engine", lambda _: ENGINES)
_NAME_OR_PATTERN = r"([\w*?-]|\[!?[\w-]+\])+"


def usage_fields(registry: Registry) -> tuple[str, ...]:
    """The counts and labels that rows of any service can have in `usage`, in alphabetical order."""
    names = (name for service in registry.services for name, _ in (*service.counts, *service.labels))
    return tuple(sorted(set(names)))


def _printable(what: str, example: str) -> Spelling:
    """Accepts any text that people can see."""

    def spelling(text: str, _: Registry) -> str:
        if not text.isprintable() or not text.strip():
            raise ConditionError(f"{shown(text)} is not a {what}: give one such as {example}.")
        return text

    return spelling


def _session(text: str, _: Registry) -> str:
    if text.startswith("arn:"):
        session = identity_of({"userIdentity": {"arn": text}}).session_name
        if session is None:
            raise ConditionError(f"{shown(text)} is not the ARN of a role session.")
        return with_wildcards_of_arns(session)
    return _printable("name of a role session", "i-0123456789abcdef0, or a pattern")(text, _)


def _called_by(text: str, _: Registry) -> str:
    if not re.fullmatch(r"[!-~]+( [!-~]+)*", text) or not (is_pattern(text) or re.search("[. ]", text)):
        example = f"{text}.amazonaws.com" if re.fullmatch(r"[\w-]{1,40}", text, re.ASCII) else "lex.amazonaws.com"
        raise ConditionError(
            f"{shown(text)} is not a service that makes calls: give one such as {example}, AWS Internal, or a pattern."
        )
    return text


def _engine(text: str, registry: Registry) -> str:
    """A known engine; a pattern also finds those that are not known yet."""
    return _printable("engine", "neural")(text, registry) if is_pattern(text) else _ENGINE(text, registry)


def _voice(text: str, _: Registry) -> str:
    if not re.fullmatch(_NAME_OR_PATTERN, text, re.ASCII):
        raise ConditionError(f"{shown(text)} is not a voice: give a name such as Joanna, or a pattern such as 'Jo*'.")
    return text


def _language(text: str, _: Registry) -> str:
    shape = _NAME_OR_PATTERN if is_pattern(text) else r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*"
    if not re.fullmatch(shape, text, re.ASCII):
        raise ConditionError(f"{shown(text)} is not a language: give a code such as de-DE, or a pattern such as 'de*'.")
    return text


def _label(text: str, registry: Registry) -> str:
    given, equals, value = text.partition("=")
    if not equals or not value.isprintable() or not value.strip() or value.startswith("!"):
        example = "'!engine=neural'" if value.startswith("!") else "engine=neural, or a pattern such as 'voiceId=Jo*'"
        raise ConditionError(f"{shown(text)} is not a usage field with a value: give it as {example}.")
    field = next((name for name in usage_fields(registry) if name.lower() == given.lower()), None)
    if field is None:
        raise ConditionError(f"{shown(given)} is not a usage field{or_valid(given, usage_fields(registry))}")
    if not (is_pattern(value) or value.isdecimal()) and field in _counts(registry):
        raise ConditionError(f"{shown(value)} is not a number: {field} counts something.")
    return f"{field}={value if is_pattern(value) else shortened(value)}"


def _counts(registry: Registry) -> set[str]:
    return {name for service in registry.services for name, _ in service.counts}


USAGE_SPELLINGS: dict[str, Spelling] = {
    "error_code": shaped(
        "error code", r"([\w.:*?-]|\[!?[\w-]+\])+", "AccessDenied, or a pattern such as 'Throttling*'"
    ),
    "session": _session,
    "called_by": _called_by,
    "user_agent": _printable("user agent", "Boto3/1.34.2, or a pattern such as 'Boto3/*' or '*Python/3.8*'"),
    "engine": _engine,
    "voice": _voice,
    "language": _language,
    "api_version": one_of("version of an API", lambda registry: sorted(registry.api_versions)),
    "label": _label,
}
