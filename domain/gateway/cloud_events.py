"""CloudEvents 1.0, as events of the gateway: structured, in batches, and with their attributes in headers."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import UUID, uuid5

from domain.gateway.bodies import is_text
from domain.kit.ids import read_id, spelled

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_NAMESPACE = UUID("5b1f0a52-6f0c-5e0b-8a35-7e1d1f0d8c11")
_NAME = re.compile("[a-z0-9]+")
_REFERENCE = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_REQUIRED = ("id", "source", "specversion", "type")
_KNOWN = (*_REQUIRED, "time", "subject", "datacontenttype", "dataschema", "data", "data_base64")
ENVELOPE = {"correlationid": "correlationId", "userid": "userId", "sessionid": "sessionId"}
"""Extensions that say what a member of the envelope does."""

# An event is JSON of any shape, hence Any.
Json = Any


class NoCloudEvent(ValueError):
    """What does not keep to CloudEvents 1.0; the message is a sentence, ``path`` where it is wrong."""

    def __init__(self, attribute: str | None, reason: str) -> None:
        """``attribute``: None of what is wrong as a whole."""
        super().__init__(f"{attribute or 'The event'} {reason}.")
        self.path = () if attribute is None else (attribute,)


def id_of_cloud_event(source: str, id: str) -> UUID:
    """The id by which an event is known here: its own where that is a UUID, and else one that follows from source
    and id, which together are its own for ever."""
    try:
        return read_id(id)
    except ValueError:
        return uuid5(_NAMESPACE, f"{source}\n{id}")


def read_cloud_event(value: Json, received_at: str) -> dict[str, Json]:
    """The envelope of a structured CloudEvent. Raises NoCloudEvent.

    ``received_at``: its time, where it says none.
    """
    if not isinstance(value, dict):
        raise NoCloudEvent(None, "must be a JSON object")
    said = {name: each for name, each in value.items() if each is not None}
    for name in _REQUIRED:
        if not isinstance(said.get(name), str) or not said[name]:
            raise NoCloudEvent(name, "is required, as a text")
    if not _REFERENCE.fullmatch(said["source"]):
        raise NoCloudEvent("source", "must be a URI-reference, as https://example.com/shop or /shop")
    if said["specversion"] != "1.0":
        raise NoCloudEvent("specversion", "must be 1.0")
    for name, each in said.items():
        if name in ("data", "data_base64"):
            continue
        if not _NAME.fullmatch(name):
            raise NoCloudEvent(name[:100], "is no name of an attribute: small letters and digits")
        if not isinstance(each, str | int | bool) or (name in _KNOWN and not isinstance(each, str)):
            kinds = "a text" if name in _KNOWN else "a text, a whole number, true or false"
            raise NoCloudEvent(name, f"must be {kinds}")
    if "data" in said and "data_base64" in said:
        raise NoCloudEvent("data_base64", "must not stand beside data")
    said["id"] = spelled(said["id"])
    envelope: dict[str, Json] = {
        "eventId": str(id_of_cloud_event(said["source"], said["id"])),
        "eventType": said["type"],
        "timestamp": said.get("time", received_at),
        "data": {"payload": _payload(said), "metadata": _metadata(said)},
    }
    return envelope | {member: str(said[name]) for name, member in ENVELOPE.items() if name in said}


def readable_members(value: Json) -> dict[str, Json]:
    """What of the envelope a CloudEvent says, however wrong the rest of it is."""
    if not isinstance(value, dict):
        return {}
    said = {name: str(each) for name, each in value.items() if isinstance(each, str | int)}
    said = {name: each for name, each in said.items() if is_text(each)}
    found: dict[str, Json] = {
        member: said[name] for name, member in {"type": "eventType", **ENVELOPE}.items() if name in said
    }
    if "userid" in value:
        # Whoever it is about is looked for in it, whatever it is.
        found["userId"] = value["userid"]
    if "source" in said and "id" in said:
        found["eventId"] = str(id_of_cloud_event(said["source"], said["id"]))
    return found


def of_headers(headers: Mapping[str, str], body: bytes, data: Json) -> dict[str, Json]:
    """The structured form of an event whose attributes are headers. ``data``: what its body says, if it is JSON;
    None for one that is not."""
    said: dict[str, Json] = {
        name[3:]: unquote_to_bytes(each).decode(errors="replace")
        for name, each in headers.items()
        if name.startswith("ce-")
    }
    if "content-type" in headers:
        said["datacontenttype"] = headers["content-type"]
    if data is not None:
        said["data"] = data
    elif body:
        said["data_base64"] = base64.b64encode(body).decode()
    return said


def _payload(said: Mapping[str, Json]) -> dict[str, Json]:
    """The data as an object; what is none stands in it as `data`, or `data_base64`."""
    if "data_base64" in said:
        encoded = said["data_base64"]
        try:
            base64.b64decode(encoded, validate=True)
        except (TypeError, ValueError, binascii.Error):
            raise NoCloudEvent("data_base64", "must be Base64") from None
        return {"data_base64": encoded}
    data = said.get("data", {})
    return data if isinstance(data, dict) else {"data": data}


def _metadata(said: Mapping[str, Json]) -> dict[str, Json]:
    """All attributes that are no members of the envelope: its own id and source, and extensions."""
    return {
        name: each
        for name, each in said.items()
        if name not in ("type", "time", "specversion", "data", "data_base64") and name not in ENVELOPE
    }
