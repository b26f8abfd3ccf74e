"""The stack in CDK: `settings` reads the context, `stack` connects the parts, and other modules define one construct.

aws_cdk needs Node.js and starts the first `node` on the PATH, regardless of its version. The virtual environment
contains one: this package puts it first before any of its modules imports aws_cdk, so import `infra` first.
"""

import os
import shutil
import sys
from pathlib import Path

if _node := shutil.which("node", path=str(Path(sys.executable).parent)):
    os.environ.setdefault("JSII_NODE", _node)
