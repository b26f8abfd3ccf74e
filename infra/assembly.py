"""The CDK's cloud assembly: what its manifest says about the account's bootstrap."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from aitrail.preflight import USUAL_QUALIFIER

_QUALIFIER = re.compile(r"/cdk-bootstrap/([^/]+)/version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The parts of a manifest that deploying needs; None where the stack needs no bootstrap, or names no role."""

    folder: Path
    version_parameter: str | None
    role: str | None

    @classmethod
    def read(cls, folder: Path, stack: str) -> Self:
        """The assembly in a folder, of one stack."""
        artifact = json.loads((folder / "manifest.json").read_text())["artifacts"].get(stack, {})
        properties = artifact.get("properties", {})
        return cls(
            folder=folder,
            version_parameter=properties.get("bootstrapStackVersionSsmParameter"),
            role=properties.get("assumeRoleArn"),
        )

    @property
    def qualifier(self) -> str:
        """The qualifier of the bootstrap that the stack needs."""
        found = _QUALIFIER.fullmatch(self.version_parameter or "")
        return found[1] if found else USUAL_QUALIFIER

    @property
    def has_usual_bootstrap(self) -> bool:
        """Whether `cdk bootstrap` without options creates what the stack needs."""
        return self.version_parameter is not None and self.qualifier == USUAL_QUALIFIER

    def deploy_role(self, partition: str, account: str, region: str) -> str | None:
        """The ARN of the role that deploys, in an account and Region of a partition of AWS."""
        if self.role is None:
            return None
        values = {"AWS::Partition": partition, "AWS::AccountId": account, "AWS::Region": region}
        return re.sub(r"\$\{(AWS::\w+)\}", lambda found: values.get(found[1], found[0]), self.role)
