"""Schemas that are there from the start, for events that other systems commonly send."""

from collections.abc import Mapping
from typing import Any

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "number"}
_OBJECT: dict[str, Any] = {"type": "object"}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_DURATION: dict[str, Any] = {"type": "number", "minimum": 0}
_EMAIL: dict[str, Any] = {"type": "string", "format": "email"}
_CURRENCY: dict[str, Any] = {"type": "string", "pattern": "^[A-Z]{3}$"}
_SHARE: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    """An open object with what these properties are where they are there."""
    return {"type": "object", "properties": properties}


def _data(payload: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    """The schema of an event's data. Metadata may be left out."""
    return {
        "type": "object",
        "properties": {"payload": payload, "metadata": metadata},
        "required": ["payload"],
    }


BUILT_IN: Mapping[str, dict[str, Any]] = {
    "user.registered": _data(
        _object(
            userId=_TEXT,
            email=_EMAIL,
            firstName=_TEXT,
            lastName=_TEXT,
            registrationSource=_TEXT,
        ),
        _object(ipAddress=_TEXT, userAgent=_TEXT, referrer=_TEXT),
    ),
    "order.created": _data(
        _object(
            orderId=_TEXT,
            userId=_TEXT,
            items={
                "type": "array",
                "items": _object(productId=_TEXT, quantity=_NUMBER, price=_NUMBER),
            },
            totalAmount=_NUMBER,
            currency=_CURRENCY,
        ),
        _object(paymentMethod=_TEXT, shippingAddress=_OBJECT),
    ),
    "system.health.check": _data(
        _object(serviceName=_TEXT, status=_TEXT, responseTime=_DURATION, errorCount=_COUNT),
        _object(instanceId=_TEXT, region=_TEXT, availabilityZone=_TEXT),
    ),
    "integration.webhook.received": _data(
        _object(webhookId=_TEXT, source=_TEXT, payload=_OBJECT),
        _object(headers=_OBJECT, signature=_TEXT, processingTime=_DURATION),
    ),
    "ml.model.inference": _data(
        _object(
            modelId=_TEXT,
            modelVersion=_TEXT,
            input=_OBJECT,
            output=_OBJECT,
            confidence=_SHARE,
        ),
        _object(inferenceTime=_DURATION, endpoint=_TEXT, modelType=_TEXT),
    ),
}
"""By type: what an event holds of which a tenant has no schema of its own."""

OTHER_NAMES: Mapping[str, str] = {"user.created": "user.registered"}
"""Other names under which such events are sent, with the type of each."""


def built_in(event_type: str) -> str | None:
    """The type in `BUILT_IN` that this is, or is another name for; None for one that has no such schema."""
    name = OTHER_NAMES.get(event_type, event_type)
    return name if name in BUILT_IN else None
