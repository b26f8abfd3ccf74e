"""`make package`: writes a CloudFormation template with parameters, and the function's code, to deploy without the CDK.

Settings (-c) of parameters become their defaults; the others are fixed in the template and the code.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from aitrail.errors import AitrailError
from infra.console import tell
from infra.contradictions import without_effect
from infra.packaging import write
from infra.settings import PREFIX, Settings
from infra.target import Context, StoppedError

_USAGE = 'make package [CONTEXT="-c aitrail:NAME=VALUE ..."] [DIST=FOLDER]'
# What whoever deploys the package decides, and how.
_OF_THE_DEPLOYER = {
    f"{PREFIX}stackName": "whoever deploys it names the stack",
    f"{PREFIX}terminationProtection": "whoever deploys it protects the stack: aws cloudformation "
    "update-termination-protection --enable-termination-protection --stack-name STACK",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the package and says how to deploy it; returns 0, or 1 with a message on stderr."""
    parser = argparse.ArgumentParser(prog="make package", usage=_USAGE, description=__doc__, allow_abbrev=False)
    parser.add_argument("-c", "--context", action="append", default=[], metavar="aitrail:NAME=VALUE", help="a setting")
    parser.add_argument("--folder", type=Path, default=Path("dist"), help="folder to write to")
    options = parser.parse_args(arguments)
    try:
        context = Context.of(options.context)
        for key, why in _OF_THE_DEPLOYER.items():
            if key in context.given:
                raise StoppedError(f"{key} is not a part of the package: {why}.")
        settings = replace(Settings.of(context.all), termination_protection=False)
        for line in without_effect(settings):
            tell(line)
        template, code = write(settings, options.folder, context=context.configured)
        _tell(template, code)
        if settings.platform == "host":
            tell("The code is for this machine (aitrail:platform=host): it works in a local AWS only.")
    except (AitrailError, OSError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    return 0


def _tell(*written: Path) -> None:
    template, code = written
    for path in written:
        content = path.read_bytes()
        tell(f"{path}  {len(content):,} bytes  SHA-256 {sha256(content).hexdigest()}")
    # Without a bucket, CloudFormation takes templates of up to 51,200 bytes.
    tell(
        "To deploy, in the Region of BUCKET:\n"
        f"  aws s3 cp {shlex.quote(str(code))} s3://BUCKET/\n"
        f"  aws cloudformation deploy --stack-name aitrail --template-file {shlex.quote(str(template))} \\\n"
        "    --s3-bucket BUCKET --capabilities CAPABILITY_IAM --parameter-overrides CodeBucket=BUCKET"
    )


if __name__ == "__main__":
    sys.exit(main())
