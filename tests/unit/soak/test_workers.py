import os
import subprocess
import sys

from soak import workers


def test_processes_of_a_function_are_found_by_name_and_those_that_do_not_speak_are_not_killed():
    def started(function):
        code = "import sys; print(flush=True); sys.stdin.read()"
        command = [sys.executable, "-c", code, f"/tmp/ministack-lambda-{function}-x/_worker.py"]  # noqa: S108
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603

    with started("Ingest") as own, started("Other") as other:
        try:
            own.stdout.readline(), other.stdout.readline()

            (found,) = workers.workers(os.getpid(), "Ingest")
            killed = workers.kill(os.getpid(), "Ingest", port=1)

            assert found.pid == own.pid
            assert found.resident > 1_000_000
            assert (killed, own.poll()) == (False, None)
        finally:
            own.kill()
            other.kill()
