"""The function's cold start, each in a process of its own: imports and clients, against the usual set of them."""

import os
import shutil
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import botocore

from bench.function import ENVIRONMENT
from bench.measuring import Child, Figure, Scale, child

_TRACER: Final = "from aws_lambda_powertools import Tracer; Tracer()" if find_spec("aws_xray_sdk") else ""
_USUAL: Final = f"""
import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
Logger(), Metrics(), BatchProcessor(event_type=EventType.SQS)
boto3.resource("dynamodb"), boto3.client("s3"), boto3.client("sqs")
{_TRACER}
"""
PROGRAMS: Final = {"function": "import lambdas.ingest.handler", "usual": _USUAL, "python": "pass"}


# What the bundle keeps of botocore's descriptions of services.
_SERVICES: Final = {"dynamodb", "s3", "sqs"}


def figures(scale: Scale) -> Iterator[Figure]:
    """Seconds from the start of Python to a function that is ready, with bytecode and without."""
    with TemporaryDirectory() as folder:
        write_botocore(Path(folder))
        bundled = {"PYTHONPATH": folder}
        sources = {"PYTHONPYCACHEPREFIX": f"{folder}/none", "PYTHONDONTWRITEBYTECODE": "1"}
        kinds: list[tuple[str, dict[str, str]]] = [("python", {}), ("function", bundled), ("usual", {})]
        for name, more in kinds:
            start(PROGRAMS[name], more)  # compiles what is not yet compiled
        kinds += [("function", bundled | sources), ("usual", sources)]
        runs = [[start(PROGRAMS[name], more) for name, more in kinds] for _ in range(scale.starts)]
    python, function, usual, function_sources, usual_sources = (list(starts) for starts in zip(*runs, strict=True))
    yield Figure(name="cold start: CPU", value=_cpu(function), unit="s", most=0.30)
    yield Figure(name="cold start: wall", value=median(run.wall for run in function), unit="s")
    yield Figure(name="cold start: of it Python alone, CPU", value=_cpu(python), unit="s")
    yield Figure(name="cold start: CPU / that of the usual set", value=_cpu(function) / _cpu(usual))
    yield Figure(name="cold start without bytecode: CPU", value=_cpu(function_sources), unit="s")
    yield Figure(name="cold start without bytecode / usual set", value=_cpu(function_sources) / _cpu(usual_sources))


def write_botocore(folder: Path) -> None:
    """Put botocore there as the bundle has it, with the descriptions of the function's services alone."""

    def others(path: str, names: list[str]) -> list[str]:
        if Path(path).name != "data":
            return []
        return [name for name in names if Path(path, name).is_dir() and name not in _SERVICES]

    shutil.copytree(Path(botocore.__file__).parent, folder / "botocore", ignore=others)


def start(program: str, more: Mapping[str, str]) -> Child:
    """Run a program in the function's environment."""
    return child("-c", program, environment={"PATH": os.environ["PATH"], **ENVIRONMENT, **more})


def _cpu(starts: list[Child]) -> float:
    return median(run.cpu for run in starts)
