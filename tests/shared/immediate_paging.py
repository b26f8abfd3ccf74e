"""Makes pages be fetched as soon as they are requested, so that tests can count prefetched pages exactly."""

from concurrent.futures import Executor, Future
from contextlib import contextmanager

import pytest

from aitrail.aws import paging


class _AtOnce(Executor):
    def __init__(self, *_, **__):
        pass

    def submit(self, work, *arguments):
        done = Future()
        done.set_result(work(*arguments))
        return done


@contextmanager
def at_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paging, "ThreadPoolExecutor", _AtOnce)
        yield
