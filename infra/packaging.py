"""The template and the code that `make package` writes, for deployments without the CDK."""

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from aws_cdk import App

from aitrail import __version__
from infra import remembered
from infra.bundling import Bundle
from infra.merging import merged
from infra.parameters import PARAMETERS, Parameter, parameters
from infra.quotas import ENVIRONMENT_BYTES, POLICY_BYTES, TRUST_BYTES, largest_size
from infra.settings import InvalidSettingsError, Settings
from infra.stack import AitrailStack
from infra.values import spelled

# In all parts of a template that have the name of the stack.
_STACK_NAME = "probe-of-the-stack-name"
# The first time that a zip file can have.
_TIME = (1980, 1, 1, 0, 0, 0)
# CloudFormation's quota for the value of a parameter, in bytes.
_LONGEST_PARAMETER = 4096
# The system of a zip file whose entries have modes.
_UNIX = 3
_CODE: dict[str, dict[str, Any]] = {
    "CodeBucket": {
        "Type": "String",
        "Description": "Bucket, in the Region of the stack, that holds the function's code.",
        "AllowedPattern": "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        "ConstraintDescription": "must be the name of a bucket",
    },
    "CodePrefix": {
        "Type": "String",
        "Default": "",
        "Description": "What precedes the name of the zip file in its key in CodeBucket, such as aitrail/.",
        "MaxLength": 900,
    },
}


def template(settings: Settings, *, code: str, context: Mapping[str, object] | None = None) -> dict[str, Any]:
    """A CloudFormation template of the stack: with parameters, and without the CDK's bootstrap.

    What `settings` has for a parameter is its default; `code` is the name of the zip file of the function's code;
    `context` is the CDK's, such as a permissions boundary. The resources and their logical ids are those of the CDK's
    stack. Raises UnmergeableError, InvalidSettingsError.
    """
    context = context or {}
    chosen = parameters(settings)
    probes: dict[str, Any] = {each.setting.attribute: each.probe for each in chosen}
    everything = replace(settings, stack_name=_STACK_NAME, **probes)
    present = _synthesized(everything, context)
    optional = [each for each in chosen if each.can_be_absent]
    absent = {
        each.condition_name: _synthesized(replace(everything, **{each.setting.attribute: each.absent}), context)
        for each in optional
    }
    parts = _with_parameters(merged(present, absent))
    for resource in parts["Resources"].values():
        if "S3Key" in resource.get("Properties", {}).get("Code", {}):
            place = {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Fn::Sub": f"${{CodePrefix}}{code}"}}
            resource["Properties"]["Code"] = place
    longest = _longest(present, chosen)
    _check_defaults(settings, chosen, longest)
    definitions = {
        each.name: each.definition(getattr(settings, each.setting.attribute), longest=longest.get(each.name))
        for each in chosen
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": present["Description"],
        "Metadata": _metadata(settings),
        "Parameters": {**_CODE, **definitions},
        "Conditions": {each.condition_name: each.condition(settings) for each in optional},
        **parts,
    }


def write(settings: Settings, folder: Path, *, context: Mapping[str, object] | None = None) -> tuple[Path, Path]:
    """Writes the template and the zip file of the function's code; returns their paths. `context` is the CDK's.

    The name of the zip file has the beginning of its SHA-256: CloudFormation updates a function whose key changes.
    Raises UnmergeableError, InvalidSettingsError, BundlingError, OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    code = zipped(Bundle.of(settings))
    name = f"aitrail-{__version__}"
    code_path = folder / f"{name}-{sha256(code).hexdigest()[:16]}.zip"
    template_path = folder / f"{name}.template.json"
    written = json.dumps(template(settings, code=code_path.name, context=context), separators=(",", ":"))
    code_path.write_bytes(code)
    template_path.write_text(written)
    return template_path, code_path


def zipped(bundle: Bundle) -> bytes:
    """The function's code as a zip file, the same bytes for the same code (with the same version of zlib).

    Raises BundlingError.
    """
    content = io.BytesIO()
    with tempfile.TemporaryDirectory() as name, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as written:
        folder = Path(name)
        bundle.write_to(folder)
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _UNIX
            entry.external_attr = path.stat().st_mode << 16
            written.writestr(entry, path.read_bytes())
    return content.getvalue()


def _synthesized(settings: Settings, context: Mapping[str, object]) -> dict[str, Any]:
    """The template of the CDK's stack."""
    with tempfile.TemporaryDirectory() as folder:
        # The template does not depend on what is in the code.
        app = App(context={**context, "aws:cdk:bundling-stacks": []}, outdir=folder, analytics_reporting=False)
        stack = AitrailStack(app, settings=settings)
        return dict(app.synth().get_stack_by_name(stack.stack_name).template)


def _with_parameters(part: Any) -> Any:  # noqa: ANN401 - a part of a template
    for parameter in PARAMETERS:
        if (reference := parameter.in_place_of(part)) is not part:
            return reference
    match part:
        case dict():
            return {key: _with_parameters(each) for key, each in part.items()}
        case list():
            return [_with_parameters(each) for each in part]
        case str() if part == _STACK_NAME:
            return {"Ref": "AWS::StackName"}
        case str() if _STACK_NAME in part:
            literally = part.replace("${", "${!")
            return {"Fn::Sub": literally.replace(_STACK_NAME, "${AWS::StackName}")}
    return part


def _check_defaults(settings: Settings, chosen: Sequence[Parameter], longest: Mapping[str, int]) -> None:
    """Raises InvalidSettingsError if a default is longer than the value of a parameter may be."""
    problems = [
        f"{each.setting.key} would be the default of a parameter, with {size:,} characters; it can have {most:,}."
        for each in chosen
        if (size := len(spelled(getattr(settings, each.setting.attribute))))
        > (most := longest.get(each.name, _LONGEST_PARAMETER))
    ]
    if problems:
        raise InvalidSettingsError("\n".join(problems))


def _longest(present: dict[str, Any], chosen: Sequence[Parameter]) -> dict[str, int]:
    """The largest number of characters of the parameters that would otherwise let a quota of AWS be exceeded."""
    probes = {each.name: len(spelled(each.probe)) for each in chosen}
    longest = {}
    for resource in present["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::S3::BucketPolicy" and "TrailArns" in probes:
            room = POLICY_BYTES - largest_size(properties["PolicyDocument"])
            # Two statements have the list, with two quotation marks more for each trail than the parameter.
            longest["TrailArns"] = probes["TrailArns"] + room * 10 // 21
        trust = properties.get("AssumeRolePolicyDocument")
        if "ReaderAccounts" in probes and "aws:PrincipalOrgID" in json.dumps(trust):
            room = TRUST_BYTES - largest_size(trust)
            # Two statements, as above; an id has at least twelve characters.
            longest["ReaderAccounts"] = probes["ReaderAccounts"] + room * 10 // 24
        if "LOG_BUCKET" in (variables := properties.get("Environment", {}).get("Variables", {})):
            longest["Accounts"] = probes["Accounts"] + ENVIRONMENT_BYTES - largest_size(variables)
    return {name: min(each, _LONGEST_PARAMETER) for name, each in longest.items()}


def _metadata(settings: Settings) -> dict[str, Any]:
    """What the template remembers of the settings, and the order of the parameters in the console."""
    names = {each.setting.key: each.name for each in parameters(settings)}
    chosen = {key: value for key, value in remembered.to_remember(settings).items() if key not in names}
    groups = (("The function's code", list(_CODE)), ("Settings", list(names.values())))
    return {
        remembered.METADATA: chosen,
        remembered.PARAMETERS: names,
        "AWS::CloudFormation::Interface": {
            "ParameterGroups": [{"Label": {"default": label}, "Parameters": each} for label, each in groups]
        },
    }
