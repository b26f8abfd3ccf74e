"""`make package`: writes a CloudFormation template with parameters, and the function's code, to deploy without the CDK.

Settings (-c) of parameters become their defaults; the others are fixed in the template and the code.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from aitrail.errors import AitrailError
from infra.console import tell
from infra.packaging import write
from infra.settings import PREFIX, Settings
from infra.target import Context, StoppedError

_STACK_NAME = f"{PREFIX}stackName"


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the package and says how to deploy it; returns 0, or 1 with a message on stderr."""
    parser = argparse.ArgumentParser(prog="make package", description=__doc__, allow_abbrev=False)
    parser.add_argument("-c", "--context", action="append", default=[], metavar="aitrail:NAME=VALUE", help="a setting")
    parser.add_argument("--folder", type=Path, default=Path("dist"), help="folder to write to")
    options = parser.parse_args(arguments)
    try:
        context = Context.of(options.context)
        if _STACK_NAME in context.given:
            raise StoppedError(f"{_STACK_NAME} is not a part of the package: whoever deploys it names the stack.")
        template, code = write(Settings.of(context.all), options.folder)
        _tell(template, code)
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
