"""`make deploy` and `make destroy`: show what will happen in which account, ask for confirmation, and do it.

Both ask on a terminal; `--yes` skips the question. Additional arguments of deploy are passed to `cdk deploy`.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, WaiterError

from aitrail.errors import AitrailError
from infra.settings import Settings

_PROJECT = Path(__file__).resolve().parent.parent
_CDK = _PROJECT / "node_modules" / ".bin" / "cdk"
_ASSEMBLY = _PROJECT / "cdk.out"
_BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
# The code that a shell reports for a program that Ctrl-C ended.
_INTERRUPTED = 130
_KEPT = {"Retain", "RetainExceptOnCreate"}

_COSTS = """\
The deployment costs money: DynamoDB writes and storage for each recorded call; an S3 request, a queue message and a
run of the function for each log file; and a monthly charge for the alarms. The first trail's management events are
free of charge."""
_SECOND_TRAIL = """\
This account already has a multi-Region trail: {trails}.
CloudTrail charges for each additional copy of management events, about 2 USD per 100,000 events
(https://aws.amazon.com/cloudtrail/pricing/). To avoid paying for a second copy, use the existing trail instead of one
in the stack: deploy with CONTEXT="-c aitrail:trail=false -c aitrail:trailArns=ARN", then point the trail at the log
bucket. A trail delivers to only one bucket: it then no longer delivers to its previous one."""


class StoppedError(AitrailError):
    """The command stopped before its end; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The target of a deployment, and its settings; `account` is obtained from AWS."""

    session: boto3.Session
    profile: str | None
    account: str
    caller: str
    context: tuple[str, ...]

    @property
    def region(self) -> str:
        """The Region; the session always has one here."""
        return self.session.region_name

    @property
    def settings(self) -> Settings:
        """The settings from cdk.json and the command line. Raises InvalidSettingsError."""
        return _settings(self.context)

    def cdk(self, *arguments: str) -> None:
        """Runs the CDK command line with its output on the terminal. Raises StoppedError if it fails."""
        profile = ("--profile", self.profile) if self.profile else ()
        environment = {**os.environ, "AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
        command = [str(_CDK), *arguments, *profile, "--no-notices"]
        if subprocess.run(command, cwd=_PROJECT, env=environment, check=False).returncode:  # noqa: S603 - see main
            raise StoppedError(f"`cdk {arguments[0]}` failed; its messages are above.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one of the two commands; returns 0, or 1 with a message on stderr."""
    _prepare_streams()
    parser = argparse.ArgumentParser(prog="make", description=__doc__, allow_abbrev=False)
    parser.add_argument("command", choices=("deploy", "destroy"))
    parser.add_argument("--profile", help="AWS profile")
    parser.add_argument("--region", help="AWS Region of the stack")
    parser.add_argument("-c", "--context", action="append", default=[], metavar="aitrail:NAME=VALUE", help="a setting")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options, further = parser.parse_known_args(arguments)
    strays = [each for each in further if options.command == "destroy" or each.startswith("aitrail:")]
    if strays:
        parser.error(f"unknown argument {strays[0]}: write each setting as -c aitrail:NAME=VALUE")
    try:
        _settings(tuple(options.context))  # report an invalid setting before the user has to sign in
        target = _target(options.profile, options.region, tuple(options.context))
        if options.command == "deploy":
            deploy(target, further, sure=options.yes)
        else:
            destroy(target, sure=options.yes)
    except (AitrailError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _prepare_streams() -> None:
    """Lets messages go nowhere if standard error is closed; standard output is needed to show what will happen."""
    streams: dict[str, TextIO | None] = {"stdout": sys.stdout, "stderr": sys.stderr}
    if streams["stderr"] is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - a device, not a path; open until exit
    if streams["stdout"] is None:
        sys.exit("Error: standard output is closed.")


def deploy(target: Target, further: Sequence[str], *, sure: bool) -> None:
    """Shows the changes and the cost of a deployment, asks, bootstraps the account if necessary, and deploys."""
    _tell(f"Account {target.account}, Region {target.region}, as {target.caller}.")
    context = [part for each in target.context for part in ("--context", each)]
    settings = target.settings
    if problems := list(settings.strangers_in(target.region)):
        raise StoppedError("\n".join(problems))
    target.cdk("synth", "--quiet", "--output", str(_ASSEMBLY), *context)
    target.cdk("diff", "--app", str(_ASSEMBLY), "--method", "template")
    _tell(_COSTS)
    if settings.trail:
        _tell(_about_trails(target.session.client("cloudtrail"), own=f"{settings.stack_name}-trail"))
    prepared = _is_bootstrapped(target)
    if not prepared:
        _tell("The CDK has not been used in this account and Region yet: `cdk bootstrap` runs first. It creates the")
        _tell("stack CDKToolkit, with a bucket for assets and the roles for deployments.")
    _ask(f"Deploy the stack {settings.stack_name}?", sure=sure)
    if not prepared:
        # Without --app, it would run the app again, without the context, and overwrite the assembly.
        target.cdk("bootstrap", f"aws://{target.account}/{target.region}", "--app", str(_ASSEMBLY))
    target.cdk("deploy", "--all", "--app", str(_ASSEMBLY), "--require-approval", "never", *further)
    profile = f" --profile {target.profile}" if target.profile else ""
    _tell("Deployed. CloudTrail delivers log files 5 to 15 minutes after a call; then run:")
    _tell(f".venv/bin/aitrail events --stack {settings.stack_name} --region {target.region}{profile}")


def destroy(target: Target, *, sure: bool) -> None:
    """Shows what will be deleted and what remains, asks, and deletes the stack."""
    stack = target.settings.stack_name
    cloudformation = target.session.client("cloudformation")
    template = _template(cloudformation, stack, region=target.region)
    kept = set(_kept(template))
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    resources = [each for page in pages for each in page["StackResourceSummaries"]]
    remaining = [
        f"  {each['ResourceType']}  {each['PhysicalResourceId']}"
        for each in resources
        if each["LogicalResourceId"] in kept
    ]
    _tell(f"Account {target.account}, Region {target.region}, as {target.caller}.")
    _tell(f"The stack {stack} has {len(resources)} resources. These remain, with all their content:")
    _tell("\n".join(remaining) or "  none")
    _ask(f"Delete the stack {stack}?", sure=sure)
    cloudformation.delete_stack(StackName=stack)
    _tell("Deleting ...")
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack)
    except WaiterError as error:
        raise StoppedError(
            f"The stack {stack} was not deleted: {error}. The CloudFormation console and `aws cloudformation "
            f"describe-stack-events --stack-name {stack}` show why."
        ) from error
    _tell(
        "Deleted."
        if not remaining
        else "Deleted. To remove the remaining resources, empty and delete them in the AWS console."
    )


def _settings(context: tuple[str, ...]) -> Settings:
    chosen: dict[str, object] = json.loads((_PROJECT / "cdk.json").read_text()).get("context", {})
    return Settings.of({**chosen, **dict(each.partition("=")[::2] for each in context)})


def _target(profile: str | None, region: str | None, context: tuple[str, ...]) -> Target:
    try:
        # boto3 reads only AWS_DEFAULT_REGION; the CDK also reads AWS_REGION.
        session = boto3.Session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION"))
        if not session.region_name:
            raise StoppedError("No Region is configured: set one with REGION=, for example REGION=eu-central-1.")
        quickly = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 2})
        caller = session.client("sts", config=quickly).get_caller_identity()
    except EndpointConnectionError as error:
        raise StoppedError(f"AWS cannot be reached: {error}. Check the network and the Region.") from error
    except (BotoCoreError, ClientError) as error:
        raise StoppedError(
            f"AWS does not accept the credentials: {error}. Sign in (`aws sso login`, `aws configure`), or set a "
            "profile with PROFILE=."
        ) from error
    return Target(session=session, profile=profile, account=caller["Account"], caller=caller["Arn"], context=context)


def _about_trails(cloudtrail: Any, *, own: str) -> str:  # noqa: ANN401 - stubs for CloudTrail are not installed
    try:
        trails = cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]
    except (BotoCoreError, ClientError) as error:
        return f"Could not check whether the account already has a trail: {error}. A second one costs money."
    others = [
        f"{trail['TrailARN']} (delivers to {trail['S3BucketName']})"
        for trail in trails
        if (trail.get("IsMultiRegionTrail") or trail.get("IsOrganizationTrail")) and trail["Name"] != own
    ]
    return _SECOND_TRAIL.format(trails=", ".join(others)) if others else "There is no other multi-Region trail."


def _is_bootstrapped(target: Target) -> bool:
    ssm = target.session.client("ssm")
    try:
        ssm.get_parameter(Name=_BOOTSTRAP_VERSION)
    except ssm.exceptions.ParameterNotFound:
        return False
    return True


def _template(cloudformation: Any, stack: str, *, region: str) -> Mapping[str, Any]:  # noqa: ANN401 - a client of boto3
    try:
        body = cloudformation.get_template(StackName=stack)["TemplateBody"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise StoppedError(f"There is no stack {stack} in {region}.") from error
    template: Mapping[str, Any] = body if isinstance(body, Mapping) else json.loads(body)
    return template


def _kept(template: Mapping[str, Any]) -> Iterator[str]:
    """Ids of the resources that CloudFormation keeps when the stack is deleted."""
    return (name for name, each in template["Resources"].items() if each.get("DeletionPolicy") in _KEPT)


def _ask(question: str, *, sure: bool) -> None:
    if sure:
        return
    stdin: TextIO | None = sys.stdin  # None if it is closed
    if stdin is None or not stdin.isatty():
        raise StoppedError(
            f"{question} There is no terminal to ask on, so nothing is changed. To answer yes, use ARGS=--yes."
        )
    try:
        answer = input(f"{question} [y/N] ")
    except EOFError:
        answer = "no"
        _tell("")
    if answer.strip().lower() not in ("y", "yes"):
        raise StoppedError("Nothing was changed.")


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
