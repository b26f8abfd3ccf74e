"""Downloads public files over HTTP, without credentials."""

from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from aitrail.errors import AitrailError

_SECONDS = 30
# The offer files of the services that aitrail knows have less than a tenth of that.
_MOST_BYTES = 256 * 2**20


class DownloadError(AitrailError):
    """A file cannot be downloaded; the message has its URL."""


def download(url: str) -> bytes:
    """The content at a URL, through the proxy that the environment names. Raises DownloadError."""
    if not url.startswith(("https://", "http://")):
        raise DownloadError(f"{url} cannot be downloaded: its scheme has to be https or http.")
    try:
        with urlopen(Request(url), timeout=_SECONDS) as answer:  # noqa: S310 (the scheme has been checked)
            content: bytes = answer.read(_MOST_BYTES + 1)
    except HTTPError as error:
        raise DownloadError(f"{url} cannot be downloaded: the server says {error.code} {error.reason}.") from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise DownloadError(f"{url} cannot be downloaded: {reason}. Check the network and HTTPS_PROXY.") from error
    if len(content) > _MOST_BYTES:
        raise DownloadError(f"{url} has more than {_MOST_BYTES:,} bytes: it is no offer file of these services.")
    return content
