"""The program that the CDK runs (see cdk.json): `cdk deploy`, with settings as `-c aitrail:<name>=<value>`."""

import os
import sys

from infra.app import AitrailApp
from infra.bundling import BundlingError
from infra.settings import InvalidSettingsError

if __name__ == "__main__":
    try:
        AitrailApp(region=os.environ.get("CDK_DEFAULT_REGION")).synth()
    except (InvalidSettingsError, BundlingError) as error:
        sys.exit(f"aitrail: {error}")
