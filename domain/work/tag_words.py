"""Finding tags in the text of tasks that have none. Pure."""

import re
from collections.abc import Collection

_HASHTAG = re.compile(r"#(\w[\w-]{0,49})")
_WORD = re.compile(r"\w[\w-]*")
MOST = 10


def tags_in(text: str, known: Collection[str]) -> tuple[str, ...]:
    """At most ten tags: first ``#hashtags``, then ``known`` tags (lower case) that occur as words."""
    hashtags = [found.lower() for found in _HASHTAG.findall(text)]
    words = [word for word in map(str.lower, _WORD.findall(text)) if word in known]
    return tuple(dict.fromkeys([*hashtags, *words]))[:MOST]
