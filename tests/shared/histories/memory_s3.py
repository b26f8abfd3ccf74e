"""A versioned S3 bucket in memory: the few operations that aitrail uses."""

import hashlib
from io import BytesIO
from itertools import count
from types import SimpleNamespace

from botocore.exceptions import ClientError


class MemoryS3:
    """A client with one bucket. `now` returns the time; `before` is called before each call.

    `versions` maps each key to its versions, oldest first: (version ID, body or None for a delete marker, time,
    metadata).
    """

    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self, bucket, *, now, before):
        self.bucket = bucket
        self.versions = {}
        self._now, self._before = now, before
        self._numbers = count(1)

    def put(self, key, body, metadata, at=None):
        """Returns the version ID and the etag; `at` is the time of the original, if this is a replica."""
        version = f"v{next(self._numbers)}"
        moment = (at or self._now()).replace(microsecond=0)
        self.versions.setdefault(key, []).append((version, body, moment, dict(metadata)))
        return version, etag_of(body)

    def delete(self, key):
        """Puts a delete marker, as S3 does without a version ID."""
        self.put(key, b"", {})
        version, _, at, _ = self.versions[key].pop()
        self.versions[key].append((version, None, at, {}))

    def expire(self, key):
        """Deletes every version: nothing is left."""
        self.versions.pop(key, None)

    def found(self, key, version=None):
        """The version of an object, or its current one; None if there is none."""
        versions = self.versions.get(key, [])
        if version is None:
            return versions[-1] if versions and versions[-1][1] is not None else None
        return next((each for each in versions if each[0] == version and each[1] is not None), None)

    def get_object(self, *, Bucket, Key, VersionId=None, **_):  # noqa: N803 - boto3's names, here and below
        self._before("GetObject")
        found = self.found(Key, VersionId) if Bucket == self.bucket else None
        if found is None:
            code = "NoSuchVersion" if VersionId and Bucket == self.bucket else "NoSuchKey"
            raise ClientError({"Error": {"Code": code, "Message": "It does not exist."}}, "GetObject")
        version, body, at, metadata = found
        return {
            "Body": BytesIO(body),
            "ContentLength": len(body),
            "ETag": f'"{etag_of(body)}"',
            "VersionId": version,
            "LastModified": at,
            "Metadata": metadata,
        }

    def head_object(self, *, Bucket, Key, **options):  # noqa: N803
        try:
            answer = self.get_object(Bucket=Bucket, Key=Key, **options)
        except ClientError:
            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadObject") from None
        return {name: value for name, value in answer.items() if name != "Body"}

    def list_objects_v2(self, *, Bucket, Prefix="", Delimiter=None, StartAfter="", **_):  # noqa: N803
        self._before("ListObjectsV2")
        keys = [key for key in sorted(self.versions) if key.startswith(Prefix) and key > StartAfter and self.found(key)]
        if Bucket != self.bucket:
            keys = []
        folders = dict[str, None]()
        contents = []
        for key in keys:
            rest = key[len(Prefix) :]
            if Delimiter and Delimiter in rest:
                folders[Prefix + rest[: rest.index(Delimiter) + 1]] = None
            else:
                _, body, at, _ = self.found(key)
                contents.append({"Key": key, "Size": len(body), "ETag": f'"{etag_of(body)}"', "LastModified": at})
        return {"Contents": contents, "CommonPrefixes": [{"Prefix": each} for each in folders], "IsTruncated": False}

    def get_paginator(self, operation):
        ask = getattr(self, operation)
        return SimpleNamespace(paginate=lambda **parameters: iter([ask(**parameters)]))


def etag_of(body):
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
