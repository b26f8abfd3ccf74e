"""Checks the template with cdk-nag and cfn-lint; `make lint` runs this, and tests use it.

cdk-nag's packs are AwsSolutions and Serverless; what they may find is acknowledged in infra, beside its construct. What
the CDK itself reports, as warnings, counts as well.
cfn-lint has its rules in .cfnlintrc.yaml, and checks the template for each Region that it knows.
"""

import json
import sys
import tempfile
from functools import cache
from pathlib import Path

from infra.app import AitrailApp

# isort: split
# After infra, which selects the Node.js that aws_cdk starts.
from aws_cdk import Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks
from cfnlint.api import ManualArgs
from cfnlint.config import ConfigMixIn
from cfnlint.decode.decode import decode_str
from cfnlint.runner import Runner

from tests.shared.chosen_settings import CHOSEN, OF_EXISTING_BUCKET
from tests.shared.key_files import key_file

PROJECT = Path(__file__).parents[2]
WITHOUT_BUNDLING = {"aws:cdk:bundling-stacks": []}


class FindingsError(AssertionError):
    """cdk-nag or the CDK found something; the message has a line for each rule and construct."""


def synthesize(context, output, region=None):
    """Synthesizes the template of a context into a folder, and returns its text; code is not bundled.

    Raises FindingsError.
    """
    app = AitrailApp(region, context=WITHOUT_BUNDLING | context, outdir=str(output), analytics_reporting=False)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        if not (findings := reported(output)):
            raise
        raise FindingsError("\n".join(findings)) from error
    if findings := reported(output):  # a warning does not stop the CDK
        raise FindingsError("\n".join(findings))
    return (output / app.stack.template_file).read_text()


def reported(output):
    """The findings in the report of a synthesis, sorted: `RULE at CONSTRUCT: what is wrong`."""
    report = output / "validation-report.json"
    if not report.exists():
        return []
    return sorted(
        f"{each['ruleName']} at {construct['constructPath']}: {each['description']}"
        for plugin in json.loads(report.read_text())["pluginReports"]
        for each in plugin["violations"]
        for construct in each["violatingConstructs"]
    )


def lint_findings(template):
    """What cfn-lint finds in the text of a template, for any Region that it knows: `RULE at PATH: what is wrong`."""
    decoded, errors = decode_str(template)
    return [
        f"{found.rule.id} at {'/'.join(map(str, found.path or ()))}: {found.message}"
        for found in errors or _linter().validate_template(decoded)
    ]


@cache
def _linter():
    # The project's configuration, without that of the user's home.
    return Runner(ConfigMixIn(**ManualArgs(config_file=PROJECT / ".cfnlintrc.yaml")))


def main():
    """Prints the findings with every setting at its default, and with every setting chosen; returns 1 if any."""
    findings = []
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.json"
        keys.write_bytes(key_file("eu-west-1"))
        contexts = {
            "default": {},
            "chosen": CHOSEN | {"aitrail:publicKeys": str(keys)},
            "existing bucket": OF_EXISTING_BUCKET,
        }
        for name, context in contexts.items():
            try:
                template = synthesize(context, Path(folder) / name)
            except FindingsError as error:
                findings += str(error).splitlines()
            else:
                findings += lint_findings(template)
    for line in dict.fromkeys(findings):
        print(line)  # noqa: T201 (its output)
    if not findings:
        print("cdk-nag and cfn-lint find nothing in the template.")  # noqa: T201 (its output)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
