"""The CDK app: one stack, configured by the settings in the context."""

from typing import Any

from aws_cdk import App

from infra.settings import InvalidSettingsError, Settings
from infra.stack import AitrailStack

_BOUNDARY = "@aws-cdk/core:permissionsBoundary"


class AitrailApp(App):
    """The app, which needs no credentials and no environment; accepts App's options.

    If the `region` of the stack is known, settings are checked against it. Raises InvalidSettingsError, also for a
    permissions boundary that the CDK would ignore.
    """

    def __init__(self, region: str | None = None, **options: Any) -> None:  # noqa: ANN401 - App's own
        super().__init__(**options)
        settings = Settings.from_context(self.node)
        if isinstance(self.node.try_get_context(_BOUNDARY), str):
            raise InvalidSettingsError(
                f"{_BOUNDARY} is a text, which has no effect: the CDK reads a mapping. Write it into cdk.json."
            )
        if region and (problems := list(settings.settings_of_other_regions(region))):
            raise InvalidSettingsError("\n".join(problems))
        self.stack = AitrailStack(self, settings=settings, region=region)
