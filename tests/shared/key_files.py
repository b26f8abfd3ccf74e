"""Files of CloudTrail's public keys, with the key of the tests."""

import base64
import json
from datetime import UTC, datetime

from tests.shared.signed_digests import FINGERPRINT, public_key

SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)


def printed(*, since=SINCE, until=UNTIL, **changes):
    """What `aws cloudtrail list-public-keys` prints."""
    key = {
        "Value": base64.b64encode(public_key()).decode(),
        "ValidityStartTime": since.isoformat(),
        "ValidityEndTime": until.isoformat(),
        "Fingerprint": FINGERPRINT,
    }
    return {"PublicKeyList": [key | changes]}


def key_file(*regions, **options):
    return json.dumps({region: printed(**options) for region in regions}).encode()
