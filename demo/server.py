"""The process that runs the local AWS: `python -m demo.server DESCRIPTOR`, started only by demo.local_aws.

DESCRIPTOR is a bound socket inherited from the parent, so that no other process can take the port in between.
MiniStack's own command is not used, because with TLS it also binds port 443.
"""

import asyncio
import os
import shutil
import signal
import sys
import threading

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app  # type: ignore[import-untyped]  # has no type information


def main() -> None:
    """Serves until a signal or the end of the parent."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    config = Config()
    config.bind = [f"fd://{sys.argv[1]}"]
    config.keep_alive_timeout = 75
    config.certfile = os.environ.get("MINISTACK_SSL_CERT")
    config.keyfile = os.environ.get("MINISTACK_SSL_KEY")
    asyncio.run(serve(app, config))


def _end_with_parent() -> None:
    # The parent keeps the other end of standard input open: if it is killed and cannot clean up, this read returns.
    sys.stdin.buffer.read()
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
