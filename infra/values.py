"""The values that settings accept: JSON types, or text, because `-c key=value` passes everything as text."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

from aitrail.aws import names

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Value(Generic[T]):
    """A kind of value: `valid` describes valid values, `parse` raises ValueError for all others.

    The error has what was refused: the value, or the element of a list.

    For parameters of a template, which CloudFormation checks: `choices` are the only values as they are spelled, or
    `pattern` is a regular expression of them.
    """

    valid: str
    parse: Callable[[object], T]
    choices: tuple[str, ...] = ()
    pattern: str = ""


def spelled(value: object) -> str:
    """A value as written on the command line."""
    if value in (None, ()):
        return "none"
    if isinstance(value, tuple):
        return ",".join(map(spelled, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def whole_number(least: int, most: int) -> Value[int]:
    """A whole number between two bounds, both inclusive."""

    def parse(given: object) -> int:
        if re.fullmatch("[0-9]{1,9}", str(given)) and least <= int(str(given)) <= most:
            return int(str(given))
        _refuse(given)

    return Value(f"a whole number from {least} to {most}", parse, pattern=_numbers(least, most))


def one_of(*choices: T) -> Value[T]:
    """One of several words, numbers or booleans; words may have any case."""
    by_word = {spelled(choice).lower(): choice for choice in choices}

    def parse(given: object) -> T:
        return by_word[word] if (word := str(given).lower()) in by_word else _refuse(given)

    words = tuple(map(spelled, choices))
    return Value("one of " + ", ".join(words), parse, choices=words)


def matching(pattern: str, valid: str) -> Value[str]:
    """Text that matches the whole pattern."""

    def parse(given: object) -> str:
        return given if isinstance(given, str) and re.fullmatch(pattern, given) else _refuse(given)

    return Value(valid, parse, pattern=pattern)


def or_none(value: Value[T]) -> Value[T | None]:
    """A value, or none: JSON's null or the word `none`."""

    def parse(given: object) -> T | None:
        return None if _is_none(given) else value.parse(given)

    valid = f"{value.valid}, or none"
    if value.choices:
        return Value(valid, parse, choices=(*value.choices, "none"))
    return Value(valid, parse, pattern=f"none|{value.pattern}")


def _numbers(least: int, most: int) -> str:
    """A regular expression of the whole numbers between two bounds, both inclusive, as they are usually written."""
    return _up_to(most) if least == 1 else f"(?!(?:{_up_to(least - 1)})$)(?:{_up_to(most)})"


def _up_to(most: int) -> str:
    """A regular expression of the whole numbers from 1 to `most`, as they are usually written."""
    digits = str(most)
    shorter = [f"[1-9][0-9]{{0,{len(digits) - 2}}}"] if len(digits) > 1 else []
    smaller = [
        f"{digits[:place]}[{least}-{int(digit) - 1}][0-9]{{{len(digits) - place - 1}}}"
        for place, digit in enumerate(digits)
        if (least := 0 if place else 1) < int(digit)
    ]
    return "|".join((*shorter, *smaller, digits))


def list_of(value: Value[T]) -> Value[tuple[T, ...]]:
    """Any number of values: a JSON list, or text with commas; `none` is the empty list."""

    def parse(given: object) -> tuple[T, ...]:
        if _is_none(given):
            return ()
        if isinstance(given, str):
            given = _json(given) if given.startswith("[") else [each.strip() for each in given.split(",")]
        return tuple(value.parse(each) for each in given) if isinstance(given, list) else _refuse(given)

    valid = f"{value.valid}; several as a comma-separated or JSON list; or none"
    return Value(valid, parse, pattern=f"none|(?:{value.pattern})(?:,(?:{value.pattern}))*")


def _json(given: str) -> object:
    try:
        return json.loads(given)
    except ValueError:
        _refuse(given)


def _is_none(given: object) -> bool:
    return given is None or str(given).lower() == "none"


def _refuse(given: object) -> NoReturn:
    raise ValueError(given)


BOOLEAN = one_of(True, False)  # noqa: FBT003 - the two choices
BOOLEAN_OR_NONE = or_none(BOOLEAN)
# A century: DynamoDB and S3 accept far more.
DAYS_OR_NONE = or_none(whole_number(1, 36500))
# The periods that PutRetentionPolicy of CloudWatch Logs accepts.
CLOUDWATCH_DAYS = one_of(
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
)
LOG_LEVEL = one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
ARCHITECTURE = one_of("arm64", "x86_64")


def _platform(given: object) -> str:
    # Earlier versions named the platform of AWS Lambda after its only architecture.
    return "lambda" if str(given).lower() == "arm64" else one_of("lambda", "host").parse(given)


PLATFORM = Value("one of lambda, host", _platform)
# CloudFormation allows more; CloudTrail refuses adjacent hyphens and names over 128 characters.
STACK_NAME = matching(
    "(?=.{1,100}$)[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*",
    "up to 100 letters, digits and single hyphens, starting with a letter",
)
KEY_ARNS = list_of(matching(*names.KEY_ARN))
# A key that the stack creates.
OF_STACK = "stack"
KEY_OR_NONE = or_none(matching(f"{OF_STACK}|{names.KEY_ARN.pattern}", f"{OF_STACK}, or {names.KEY_ARN.valid}"))
# Conditions compare the whole ARN: a wildcard would match no trail.
TRAIL_ARNS = list_of(
    matching(
        "arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:[0-9]{12}:trail/[A-Za-z0-9._-]{3,128}", "the ARN of a CloudTrail trail"
    )
)
# Conditions read a wildcard as such: it would exempt many roles.
ROLE_ARN_OR_NONE = or_none(
    matching("arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,576}", "the ARN of an IAM role")
)
BUCKET_OR_NONE = or_none(matching(*names.BUCKET))
TOPIC_ARN_OR_NONE = or_none(matching(*names.TOPIC_ARN))
ACCOUNTS = list_of(
    matching("[0-9]{12}|o-[a-z0-9]{10,32}", "the id of an account (12 digits) or of an organization (o-...)")
)

# What is in the file is checked when the function's code is bundled.
KEYS_FILE_OR_NONE = or_none(matching(r"[^\x00-\x1f\x7f-\x9f]*[.]json", "the path of a JSON file of public keys"))
# What is in the folder is checked when the function's code is bundled.
FOLDER_OR_NONE = or_none(matching(r"[^\x00-\x1f\x7f-\x9f]+", "the path of a folder of service files"))
KEY_PREFIXES = list_of(matching(*names.KEY_PREFIX))

ACCOUNT_OR_NONE = or_none(matching(*names.ACCOUNT))
ANNOUNCED_BY = matching(*names.ANNOUNCER)

# SNS takes more; what is quoted, not ASCII or longer (RFC 5321), mail systems refuse.
EMAIL_OR_NONE = or_none(
    matching(
        "(?=[^@]{1,64}@.{1,189}$)[A-Za-z0-9_%+-]+(?:[.][A-Za-z0-9_%+-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?[.])+[A-Za-z]{2,63}",
        "an e-mail address",
    )
)
TABLE_OR_NONE = or_none(matching(*names.TABLE))
# DynamoDB's, S3's and the services' own names.
TABLE_CLASS_OR_NONE = or_none(one_of("STANDARD", "STANDARD_INFREQUENT_ACCESS"))
STORAGE_CLASS_OR_NONE = or_none(one_of("STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"))
DATA_EVENTS = or_none(one_of("lex"))
NETWORK_ACTIVITY_EVENTS = list_of(one_of("transcribe", "personalize"))
# What all services accept in tags, without commas, which separate them.
TAGS = list_of(
    matching(
        "(?!aws:)[A-Za-z0-9_.:/+@-]{1,128}=[A-Za-z0-9_.:/+@-](?:[A-Za-z0-9 _.:/=+@-]{0,254}[A-Za-z0-9_.:/=+@-])?",
        "a tag as KEY=VALUE",
    )
)
