"""What graphql-core says of a value that does not fit, without what only who writes Python knows.

It quotes values as Python writes them, and wraps what a scalar says of itself. Here the value is left out, for a
client knows what it sent, and a scalar's sentence stands by itself.
"""

import re

LONGEST = 2_000
"""Characters of a message. What a client sent stands in it, and is looked through by more than one rule."""

VARIABLE = re.compile(r"(Variable '\$(\w+)' has invalid value(?: at '?([\w.\[\]]+?)'?)?: )(.*)", re.DOTALL)
"""Where the value of a variable is wrong: the whole prefix, the variable, the path in it, and what is said."""
_ARGUMENT = re.compile(r"(Argument '[^']*'(?: of type '[^']*')? has invalid value[^:]*: )(.*)", re.DOTALL)
_KIND = r"'[\w!\[\]]+'"
_WORDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (rf"Expected value of type {_KIND}, but encountered error '(.*?)'; found: .*", r"\1"),
        (rf"(Expected value of type {_KIND} to be an object), found: .*", r"\1."),
        (rf"(Expected value of type {_KIND} to include required field '\w*'), found: .*", r"\1."),
        (rf"(Expected value of type {_KIND} not to include unknown field '.*?'), found: .*", r"\1."),
        (
            rf"(Expected value of type {_KIND} not to include unknown field '.*?'\. Did you mean .*?\?) Found: .*",
            r"\1",
        ),
        (rf"Expected value of type ({_KIND}), found: .*", r"Expected a value of type \1."),
        (r"(Expected (?:value|variable) .*) not to be None\.", r"\1 not to be null."),
        (r"((?:Int|Float|String|Boolean|ID) cannot represent [\w -]*value): .*", r"\1."),
        (r"(Enum '\w+' cannot represent non-(?:string|enum) value): .*", r"\1."),
    )
)


def plain_words(message: str) -> str:
    """The same message in words for everybody, and cut; any other message is left as it is."""
    if len(message) > LONGEST:
        message = message[:LONGEST] + "…"
    for prefix in (VARIABLE, _ARGUMENT):
        if (found := prefix.fullmatch(message)) is not None:
            return found[1] + _plain(found[found.re.groups])
    return _plain(message)


def _plain(said: str) -> str:
    for pattern, words in _WORDS:
        if (found := pattern.fullmatch(said)) is not None:
            return found.expand(words)
    return said
