"""Which of our media types an Accept header prefers (RFC 9110, 12.5.1), and whether a body is encoded."""

from collections.abc import Iterable

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"


def is_plain(encodings: Iterable[str]) -> bool:
    """Whether the values of Content-Encoding say that a body is sent as it is."""
    return all(
        encoding.strip().lower() in ("", "identity") for part in encodings for encoding in part.split(",")
    )


def acceptable(accept: str | None) -> list[str]:
    """Our media types that the header allows, best first; a missing header allows all of them.

    Among equals the legacy `application/json` comes first, as GraphQL-over-HTTP asks for clients that
    have no preference, and the event stream last.
    """
    if accept is None or not accept.strip():
        return [JSON, GRAPHQL_JSON]
    ranges = [_range(part) for part in accept.split(",") if part.strip()]
    scored = [(_quality(media, ranges), media) for media in (JSON, GRAPHQL_JSON, EVENT_STREAM)]
    return [media for quality, media in sorted(scored, key=lambda pair: -pair[0]) if quality > 0]


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
    return name.lower(), quality


def _quality(media: str, ranges: list[tuple[str, float]]) -> float:
    # A client that can only show JSON must not be given a stream because it takes anything.
    wild = () if media == EVENT_STREAM else (f"{media.partition('/')[0]}/*", "*/*")
    for pattern in (media, *wild):
        found = [quality for name, quality in ranges if name == pattern]
        if found:
            return max(found)
    return 0.0
