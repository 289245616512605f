"""What a refused client is told: a sentence in plain words."""

import re

from tests.contracts.stored import product_refusals

_SENTENCE = re.compile(r"[A-Z{].*[.}]")
_OF_THE_CODE = re.compile(r"`|\b(None|True|False|str|int|tuple|list|dict|self)\b|[a-z]_[a-z]")
_UNCLEAR = re.compile(r"\b(oneself|wish\w*|not any more|not good|must name some)\b")


def test_every_refusal_is_a_plain_sentence() -> None:
    messages = {kind.__name__: " ".join((kind.__doc__ or "").split()) for kind in product_refusals()}
    wrong = {
        name: text
        for name, text in messages.items()
        if not _SENTENCE.fullmatch(text)
        or _OF_THE_CODE.search(re.sub(r"{\w+}", "", text))
        or _UNCLEAR.search(text)
    }
    assert len(messages) > 70
    assert wrong == {}
