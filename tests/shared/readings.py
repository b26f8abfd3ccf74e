"""What other processes do in tests: instead of reading a file, or with Ctrl-C and kills. They import it by its name."""

import os
import sys
import time

from aitrail.questions.parts import Part
from aitrail.questions.shares import Shares


def dying(path):
    """Ends its process at one file, as the kernel does when there is no memory left."""
    if path.endswith("dying"):
        os.kill(os.getpid(), 9)
    yield Part([path], [], {}, {})


def failing(path):
    """Fails at one file, after it has found something in it."""
    yield Part([path], [], {}, {})
    if path.endswith("failing"):
        raise ValueError(path)


def waiting(path):
    """Finds the number of its process in each file, and reads the last one for minutes."""
    yield Part([os.getpid()] * 100, [], {}, {})
    if path.endswith("last"):
        time.sleep(300)
        yield Part([], [], {}, {})


def main(*paths):
    """Prints the number of the process that reads a file as soon as it is found."""
    for _, part in Shares(waiting, 2, path_of=str).parts(paths):
        sys.stdout.write(f"{part.rows[0]}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
