"""The stack in CDK: `settings` reads the context, `stack` wires, every other module is one construct.

aws_cdk starts the first `node` on the PATH, of whatever version, and needs one. The virtual environment brings its
own: this package names it before any of its modules imports aws_cdk, so import `infra` first.
"""

import os
import shutil
import sys
from pathlib import Path

if _node := shutil.which("node", path=str(Path(sys.executable).parent)):
    os.environ.setdefault("JSII_NODE", _node)
