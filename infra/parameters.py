"""The settings that are parameters of a packaged template.

The others determine the function's code, how many notifications the log bucket has, what the trail selects, or which
resources the stack has and keeps: they are chosen when the template is written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.settings import BY_ATTRIBUTE, OF_OWN_BUCKET, PREFIX, Setting, Settings
from infra.values import spelled

_IS_CHINA = {"Fn::Equals": [{"Ref": "AWS::Partition"}, "aws-cn"]}
_ALWAYS: Any = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A setting as a parameter.

    `probe` is a value of the setting that occurs nowhere else in a template: where it does, the parameter belongs.
    `absent` is the value with which the setting has no effect, if there is one.
    """

    setting: Setting
    probe: Any
    absent: Any = _ALWAYS

    @property
    def name(self) -> str:
        """The name of the parameter: RowRetentionDays for aitrail:rowRetentionDays."""
        name = self.setting.key.removeprefix(PREFIX)
        return name[0].upper() + name[1:]

    @property
    def can_be_absent(self) -> bool:
        """Whether the setting has a value with which it has no effect."""
        return self.absent is not _ALWAYS

    @property
    def condition_name(self) -> str:
        """The name of the condition under which the setting has an effect."""
        return f"Has{self.name}"

    def condition(self, settings: Settings) -> dict[str, Any]:
        """The condition under which the setting has an effect, in a package of these settings."""
        parameter = {"Ref": self.name}
        if self.absent is not False:
            return {"Fn::Not": [{"Fn::Equals": [parameter, "none"]}]}
        is_true = {"Fn::Equals": [parameter, "true"]}
        is_default = {"Fn::Equals": [parameter, "none"]}
        match self.setting.attribute:
            case "tracing":
                return {"Fn::Or": [is_true, {"Fn::And": [is_default, {"Fn::Not": [_IS_CHINA]}]}]}
            case "trail" if settings.log_bucket is None:
                return {"Fn::Or": [is_true, is_default]}
        return is_true

    def definition(self, default: object, *, longest: int | None = None) -> dict[str, Any]:
        """The parameter in a template: its type and default, what is valid, and what it means.

        `longest` is the largest number of characters.
        """
        value = self.setting.value
        valid: dict[str, Any] = {"AllowedPattern": f"^(?:{value.pattern})$"}
        if value.choices:
            valid = {"AllowedValues": list(value.choices)}
        if longest is not None:
            valid["MaxLength"] = longest
        return {
            # A parameter of the type Number accepts fractions as well.
            "Type": "String",
            "Default": spelled(default),
            "Description": _in_parameters(self.setting.meaning),
            # Settings may also be JSON lists, and have spaces after commas.
            "ConstraintDescription": f"must be {value.valid.replace('a comma-separated or JSON list', 'A,B')}",
            **valid,
        }

    def in_place_of(self, found: object) -> object:
        """What a packaged template has in place of a part of a template: a reference to the parameter, or the part."""
        if isinstance(self.probe, tuple) and found == list(self.probe):
            return {"Fn::Split": [",", {"Ref": self.name}]}
        if isinstance(found, str | int) and not isinstance(found, bool) and str(found) == spelled(self.probe):
            return {"Ref": self.name}
        return found


def _parameter(attribute: str, probe: object, **others: Any) -> Parameter:  # noqa: ANN401 - fields of several types
    return Parameter(setting=BY_ATTRIBUTE[attribute], probe=probe, **others)


PARAMETERS = (
    _parameter("trail", True, absent=False),  # noqa: FBT003 - a value, as the others
    _parameter("trail_arns", tuple(f"arn:aws:cloudtrail:probe:{each:012}:trail/probe" for each in (1, 2)), absent=()),
    _parameter("accounts", ("000000000001", "000000000002"), absent=()),
    _parameter("reader_accounts", ("000000000003", "000000000004"), absent=()),
    _parameter("row_retention_days", 31_013, absent=None),
    _parameter("ledger_retention_days", 29_989, absent=None),
    _parameter("log_retention_days", 28_979, absent=None),
    _parameter("log_storage_class", "GLACIER_IR", absent=None),
    _parameter("log_storage_days", 26_953),
    _parameter("events_table_class", "STANDARD", absent=None),
    _parameter("files_table_class", "STANDARD_INFREQUENT_ACCESS", absent=None),
    _parameter("object_lock_days", 27_961, absent=None),
    _parameter("break_glass_role_arn", "arn:aws:iam::000000000000:role/probe", absent=None),
    _parameter("original_bucket", "probe-of-the-original-bucket", absent=None),
    _parameter("replication_role_arn", "arn:aws:iam::000000000000:role/probe-of-replication", absent=None),
    _parameter("redact", True, absent=False),  # noqa: FBT003 - as above
    _parameter("log_key_arns", tuple(f"arn:aws:kms:probe:{each:012}:key/probe" for each in (1, 2)), absent=()),
    _parameter("alarm_topic_arn", "arn:aws:sns:probe:000000000000:probe", absent=None),
    _parameter("alarm_email", "probe@probe.example.com", absent=None),
    _parameter("silent_hours", 7_919, absent=None),
    _parameter("maximum_concurrency", 983),
    _parameter("backfill_concurrency", 977),
    _parameter("memory_megabytes", 9_973),
    _parameter("log_level", "CRITICAL"),
    _parameter("function_log_retention_days", 3288),
    _parameter("tracing", True, absent=False),  # noqa: FBT003 - as above
)


def parameters(settings: Settings) -> tuple[Parameter, ...]:
    """The parameters of a package of these settings."""
    missing = {*(OF_OWN_BUCKET if settings.log_bucket else ()), *(("trail",) if settings.log_bucket_account else ())}
    missing |= {"events_table_class"} if settings.events_table else set()
    missing |= {"files_table_class"} if settings.files_table else set()
    missing |= set() if settings.alarms else {"alarm_topic_arn", "alarm_email"}
    # CloudFormation has no condition for a part of a dashboard, which is one text.
    missing |= {"trail", "silent_hours", "memory_megabytes"} if settings.dashboard else set()
    return tuple(each for each in PARAMETERS if each.setting.attribute not in missing)


_NAMES: Mapping[str, str] = {each.setting.key: each.name for each in PARAMETERS}


def _in_parameters(text: str) -> str:
    """A text about settings, with the names of the parameters."""
    return re.sub(rf"{PREFIX}\w+", lambda found: _NAMES.get(found[0], found[0]), text)
