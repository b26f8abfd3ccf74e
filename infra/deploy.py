"""`make deploy` and `make destroy`: show what will happen in which account, ask for confirmation, and do it.

Both ask on a terminal; `--yes` skips the question. Settings of a deployed stack that are not given again are kept.
Additional arguments of deploy are passed to `cdk deploy`.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from botocore.exceptions import BotoCoreError, ClientError

from aitrail.errors import AitrailError
from infra.deploying import deploy
from infra.destroying import destroy
from infra.settings import Settings
from infra.target import Context, Target

# The code that a shell reports for a program that Ctrl-C ended.
_INTERRUPTED = 130
# People call make, which has the options of its targets as variables.
_USAGE = (
    'make {deploy,destroy} [PROFILE=NAME] [REGION=NAME] [CONTEXT="-c aitrail:NAME=VALUE ..."] [CONFIRM=1] '
    '[ARGS="--yes --ignore-conflicts"]'
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one of the two commands; returns 0, or 1 with a message on stderr."""
    _prepare_streams()
    parser = argparse.ArgumentParser(prog="make", usage=_USAGE, description=__doc__, allow_abbrev=False)
    parser.add_argument("command", choices=("deploy", "destroy"))
    parser.add_argument("--profile", help="AWS profile")
    parser.add_argument("--region", help="AWS Region of the stack")
    parser.add_argument("-c", "--context", action="append", default=[], metavar="aitrail:NAME=VALUE", help="a setting")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--confirm", action="store_true", help="deploy although settings of the deployed stack are lost or unreadable"
    )
    parser.add_argument(
        "--ignore-conflicts", action="store_true", help="deploy although it, or what it reads, would fail"
    )
    options, further = parser.parse_known_args(arguments)
    strays = [each for each in further if options.command == "destroy" or each.startswith("aitrail:")]
    if strays:
        parser.error(f'unknown argument {strays[0]}: write each setting as CONTEXT="-c aitrail:NAME=VALUE"')
    try:
        context = Context.of(options.context)
        Settings.of(context.all)  # report an invalid setting before the user has to sign in
        target = Target.of(options.profile, options.region)
        if options.command == "deploy":
            deploy(
                target,
                context,
                further,
                sure=options.yes,
                allow_unreadable=options.confirm,
                ignore_conflicts=options.ignore_conflicts,
            )
        else:
            destroy(target, context, sure=options.yes)
    except (AitrailError, BotoCoreError, ClientError, OSError) as error:
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


if __name__ == "__main__":
    sys.exit(main())
