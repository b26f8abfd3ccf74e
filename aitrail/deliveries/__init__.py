"""CloudTrail's deliveries and their announcement: messages, object keys, the bucket and its folders by day.

In: the body of a message, a key, a bucket; out: deliveries. It knows nothing about records.
"""

from typing import TYPE_CHECKING

from aitrail.lazy import exports

if TYPE_CHECKING:
    from aitrail.deliveries.announcing import Announcer
    from aitrail.deliveries.bucket import (
        S3,
        BadUrlError,
        Listed,
        UnavailableError,
        bucket_and_key,
        is_there,
        log_objects,
        versions_of,
    )
    from aitrail.deliveries.content import (
        MAX_BYTES_AHEAD,
        OBJECTS_AHEAD,
        Content,
        content_ahead,
        content_of,
        contents_ahead,
    )
    from aitrail.deliveries.day_folders import DayFolders, StoredObject
    from aitrail.deliveries.keys import (
        DIGEST_FOLDER,
        EVERYWHERE,
        LOG_FOLDERS,
        Kind,
        LogKey,
        Origins,
        Scope,
        account_name,
        delivered_at,
        is_account_name,
        is_backfill,
        is_digest_folder,
        is_misfiled,
        kind_of,
        log_key_of,
        origin_of,
    )
    from aitrail.deliveries.needed import BY_NAME, Needed
    from aitrail.deliveries.notifications import (
        Delivery,
        ReviewRequest,
        UnknownNotification,
        deliveries,
        review_request,
    )
else:
    __all__, __getattr__, __dir__ = exports(
        __name__,
        announcing=("Announcer",),
        bucket=(
            "BadUrlError",
            "Listed",
            "S3",
            "UnavailableError",
            "bucket_and_key",
            "is_there",
            "log_objects",
            "versions_of",
        ),
        content=(
            "Content",
            "MAX_BYTES_AHEAD",
            "OBJECTS_AHEAD",
            "content_ahead",
            "content_of",
            "contents_ahead",
        ),
        day_folders=("DayFolders", "StoredObject"),
        keys=(
            "DIGEST_FOLDER",
            "EVERYWHERE",
            "Kind",
            "LOG_FOLDERS",
            "LogKey",
            "Origins",
            "Scope",
            "account_name",
            "delivered_at",
            "is_account_name",
            "is_backfill",
            "is_digest_folder",
            "is_misfiled",
            "kind_of",
            "log_key_of",
            "origin_of",
        ),
        needed=("BY_NAME", "Needed"),
        notifications=("Delivery", "ReviewRequest", "UnknownNotification", "deliveries", "review_request"),
    )
