"""The operations of each service that the AWS SDK knows, to suggest corrections for mistyped names."""

from collections.abc import Iterable

# botocore has no service model of Transcribe streaming.
_STREAMING = (
    "GetMedicalScribeStream",
    "StartCallAnalyticsStreamTranscription",
    "StartMedicalScribeStream",
    "StartMedicalStreamTranscription",
    "StartStreamTranscription",
)


def known_operations(services: Iterable[str]) -> frozenset[str]:
    """The operations of all SDK services whose names begin with one of these, and of Transcribe streaming."""
    from botocore.loaders import create_loader  # noqa: PLC0415 (only queries without results need it)

    loader = create_loader()
    names = tuple(services)
    available = [name for name in loader.list_available_services("service-2") if name.startswith(names)]
    models = (loader.load_service_model(name, "service-2") for name in available)
    return frozenset(_STREAMING).union(*(model["operations"] for model in models))
