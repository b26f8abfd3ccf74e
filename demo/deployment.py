"""Deploys the real stack to a local AWS with the real CDK command line: synth, bootstrap, deploy."""

import json
from collections.abc import Mapping
from pathlib import Path

from demo.environments import ACCOUNT, REGION
from demo.local_aws import PROJECT, LocalAws
from demo.narration import step
from demo.processes import run

# The local AWS does not support trails, its functions are processes on this machine, each with its own copy of the
# code, and nothing outlives it.
LOCAL_CONTEXT = {
    "aitrail:trail": "false",
    "aitrail:platform": "host",
    "aitrail:maximumConcurrency": "2",
    "aitrail:deletionProtection": "false",
}

_CDK = PROJECT / "node_modules" / ".bin" / "cdk"
# Synth, the longest step, takes 10 to 20 s on two cores, and more if pip has to download packages first.
_STEP_SECONDS = 240.0


def deployed(aws: LocalAws) -> dict[str, str]:
    """Deploys the project's stack, reporting each step, and returns its outputs. Raises CommandFailedError."""
    with step("Creating the CloudFormation template (cdk synth)"):
        assembly = synthesize(aws)
    with step("Preparing the local account (cdk bootstrap)"):
        bootstrap(aws)
    with step("Deploying the stack (cdk deploy)"):
        return deploy(aws, assembly)


def synthesize(aws: LocalAws, *, context: Mapping[str, str] = LOCAL_CONTEXT, project: Path = PROJECT) -> Path:
    """Writes the cloud assembly of the project's app and returns its folder. Raises CommandFailedError."""
    assembly = aws.folder / "cdk.out"
    settings = [part for name, value in context.items() for part in ("--context", f"{name}={value}")]
    _cdk(aws, "synth", "--quiet", "--output", str(assembly), *settings, folder=project)
    return assembly


def bootstrap(aws: LocalAws) -> None:
    """Creates the resources that every CDK deployment needs: an asset bucket and roles. Raises CommandFailedError."""
    _cdk(aws, "bootstrap", f"aws://{ACCOUNT}/{REGION}", folder=aws.folder)


def deploy(aws: LocalAws, assembly: Path) -> dict[str, str]:
    """Deploys the only stack of the assembly and returns its outputs, with its name as `StackName`.

    Raises CommandFailedError.
    """
    written = aws.folder / "outputs.json"
    options = ("--app", str(assembly), "--require-approval", "never", "--outputs-file", str(written))
    _cdk(aws, "deploy", "--all", *options, folder=aws.folder)
    [(stack, outputs)] = json.loads(written.read_text(encoding="utf-8")).items()
    return {**outputs, "StackName": stack}


def _cdk(aws: LocalAws, *arguments: str, folder: Path) -> None:
    command = [str(_CDK), *arguments, "--no-notices", "--no-color", "--ci"]
    run(command, environment=aws.environment, timeout=_STEP_SECONDS, folder=folder)
