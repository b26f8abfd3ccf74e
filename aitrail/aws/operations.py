"""The operations that the AWS SDK knows of the services, to tell what a mistyped one should be."""

from collections.abc import Iterable

# botocore has no description of Transcribe streaming.
_STREAMING = (
    "GetMedicalScribeStream",
    "StartCallAnalyticsStreamTranscription",
    "StartMedicalScribeStream",
    "StartMedicalStreamTranscription",
    "StartStreamTranscription",
)


def known_operations(services: Iterable[str]) -> frozenset[str]:
    """The names of all operations of the SDK's services whose names begin with one of these, and of streaming."""
    from botocore.loaders import create_loader  # noqa: PLC0415 (only a question without an answer needs it)

    loader = create_loader()
    names = tuple(services)
    available = [name for name in loader.list_available_services("service-2") if name.startswith(names)]
    models = (loader.load_service_model(name, "service-2") for name in available)
    return frozenset(_STREAMING).union(*(model["operations"] for model in models))
