"""The CDK app: one stack, configured by the settings in the context."""

from typing import Any

from aws_cdk import App

from infra.settings import Settings
from infra.stack import AitrailStack


class AitrailApp(App):
    """The app, which needs no credentials and no environment; accepts App's options. Raises InvalidSettingsError."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - App's own
        super().__init__(**options)
        self.stack = AitrailStack(self, settings=Settings.from_context(self.node))
