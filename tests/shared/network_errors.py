"""Every error that botocore defines, and the errors of the network that it lets through."""

import http.client
import socket
import ssl
from string import Formatter

import botocore.exceptions
import urllib3.exceptions
from botocore.exceptions import BotoCoreError, ClientError


def descendants(kind):
    """The class itself, and all classes that are derived from it."""
    return {kind}.union(*map(descendants, kind.__subclasses__()))


def made(kind, value="example"):
    """An error of botocore's, made with `value` for everything that its message contains."""
    if issubclass(kind, ClientError):
        return kind({"Error": {"Code": "Example", "Message": str(value)}}, "GetObject")
    names = {name for _, name, _, _ in Formatter().parse(kind.fmt) if name}
    more = {"WaiterError": {"last_response": None}}.get(kind.__name__, {})
    return kind(**dict.fromkeys(names, value), **more)


def without(error, value):
    """The error, whose attributes all have this value."""
    for name in vars(error):
        setattr(error, name, value)
    return error


KINDS = sorted(descendants(BotoCoreError) | descendants(ClientError), key=lambda kind: kind.__name__)
# Not those of other modules: which ones are imported depends on the tests before.
OF_BOTOCORE = {kind.__name__: kind for kind in KINDS if kind.__module__ == "botocore.exceptions"}
ODD_RESPONSES = {
    "no response": None,
    "empty": {},
    "no error": {"Error": None},
    "empty error": {"Error": {}},
    "no code": {"Error": {"Code": None}},
    "code of another type": {"Error": {"Code": ["a"]}, "ResponseMetadata": None},
    "text": "text",
}
OF_THE_NETWORK = {
    "urllib3's": urllib3.exceptions.HTTPError(),
    "protocol": urllib3.exceptions.ProtocolError("Connection broken", ConnectionResetError(104, "reset by peer")),
    "read timeout of urllib3": urllib3.exceptions.ReadTimeoutError(None, None, "Read timed out."),
    "decoding": urllib3.exceptions.DecodeError("not gzip"),
    "TLS of urllib3": urllib3.exceptions.SSLError("bad record"),
    "chunk": urllib3.exceptions.InvalidChunkLength(urllib3.HTTPResponse(), b"x"),
    "incomplete": http.client.IncompleteRead(b"half", 9),
    "remote end": http.client.RemoteDisconnected("Remote end closed connection"),
    "TLS": ssl.SSLError(1, "bad\nrecord mac"),
    "TLS ended": ssl.SSLEOFError(8, "EOF occurred in violation of protocol"),
    "timeout": TimeoutError(),
    "reset": ConnectionResetError(104, "Connection reset by peer"),
    "aborted": ConnectionAbortedError(103, "Software caused connection abort"),
    "refused": ConnectionRefusedError(111, "Connection refused"),
    "name": socket.gaierror(-2, "Name or service not known"),
    "body cut": made(botocore.exceptions.IncompleteReadError),
    "body broken": made(botocore.exceptions.ResponseStreamingError),
    "body damaged": made(botocore.exceptions.FlexibleChecksumError),
    "body late": made(botocore.exceptions.ReadTimeoutError),
    "closed": made(botocore.exceptions.ConnectionClosedError),
    "proxy": made(botocore.exceptions.ProxyConnectionError),
}
