"""Measures the function's cold start in separate processes: imports and clients, compared with the usual ones."""

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


# The service models of botocore that the bundle keeps.
_SERVICES: Final = {"dynamodb", "s3", "sqs"}


def figures(scale: Scale) -> Iterator[Figure]:
    """Seconds from the start of Python until the function is ready, with and without bytecode."""
    with TemporaryDirectory() as folder:
        write_botocore(Path(folder))
        bundled = {"PYTHONPATH": folder}
        sources = {"PYTHONPYCACHEPREFIX": f"{folder}/none", "PYTHONDONTWRITEBYTECODE": "1"}
        kinds: list[tuple[str, dict[str, str]]] = [("python", {}), ("function", bundled), ("usual", {})]
        for name, more in kinds:
            start(PROGRAMS[name], more)  # compiles modules that are not compiled yet
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
    """Copies botocore to the folder as in the bundle, with only the models of the function's services."""

    def others(path: str, names: list[str]) -> list[str]:
        if Path(path).name != "data":
            return []
        return [name for name in names if Path(path, name).is_dir() and name not in _SERVICES]

    shutil.copytree(Path(botocore.__file__).parent, folder / "botocore", ignore=others)


def start(program: str, more: Mapping[str, str]) -> Child:
    """Runs a program in the function's environment."""
    return child("-c", program, environment={"PATH": os.environ["PATH"], **ENVIRONMENT, **more})


def _cpu(starts: list[Child]) -> float:
    return median(run.cpu for run in starts)
