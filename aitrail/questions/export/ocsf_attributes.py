"""The attributes of events of OCSF's class API Activity, with their types, and the version of the schema. Pure."""

from collections.abc import Mapping
from typing import Any

from aitrail.questions.export.columns import Kind

VERSION = "1.9.0"

_ACCOUNT = {"uid": Kind.TEXT, "type_id": Kind.INTEGER, "type": Kind.TEXT}
# The attributes of every event that has a value for them; a list stands for any number of objects.
ATTRIBUTES: Mapping[str, Any] = {
    "activity_id": Kind.INTEGER,
    "activity_name": Kind.TEXT,
    "category_uid": Kind.INTEGER,
    "category_name": Kind.TEXT,
    "class_uid": Kind.INTEGER,
    "class_name": Kind.TEXT,
    "type_uid": Kind.COUNT,
    "type_name": Kind.TEXT,
    "severity_id": Kind.INTEGER,
    "severity": Kind.TEXT,
    "status_id": Kind.INTEGER,
    "status": Kind.TEXT,
    "status_code": Kind.TEXT,
    "status_detail": Kind.TEXT,
    "time": Kind.COUNT,
    "metadata": {
        "version": Kind.TEXT,
        "product": {"name": Kind.TEXT, "vendor_name": Kind.TEXT, "version": Kind.TEXT},
        "profiles": [Kind.TEXT],
        "uid": Kind.TEXT,
        "event_code": Kind.TEXT,
        "correlation_uid": Kind.TEXT,
        "log_name": Kind.TEXT,
        "log_provider": Kind.TEXT,
        "original_time": Kind.TEXT,
    },
    "actor": {
        "user": {
            "name": Kind.TEXT,
            "uid": Kind.TEXT,
            "uid_alt": Kind.TEXT,
            "type_id": Kind.INTEGER,
            "type": Kind.TEXT,
            "account": _ACCOUNT,
            "credential_uid": Kind.TEXT,
        },
        "session": {"uid": Kind.TEXT, "issuer": Kind.TEXT, "created_time": Kind.COUNT, "is_mfa": Kind.FLAG},
        "app_name": Kind.TEXT,
    },
    "api": {
        "operation": Kind.TEXT,
        "version": Kind.TEXT,
        "service": {"name": Kind.TEXT},
        "request": {"uid": Kind.TEXT, "data": Kind.JSON},
        "response": {"error": Kind.TEXT, "error_message": Kind.TEXT, "data": Kind.JSON},
    },
    "src_endpoint": {"ip": Kind.TEXT, "svc_name": Kind.TEXT, "name": Kind.TEXT},
    "http_request": {"user_agent": Kind.TEXT},
    "cloud": {"provider": Kind.TEXT, "region": Kind.TEXT, "account": _ACCOUNT},
    "resources": [{"uid": Kind.TEXT, "type": Kind.TEXT, "name": Kind.TEXT}],
    "unmapped": Kind.JSON,
}
