"""Redaction takes time in proportion to a text, whatever a client writes: it runs on the loop of the API."""

import json
import logging
import re
from collections.abc import Callable
from time import thread_time

import pytest

from app.telemetry.logs import LONGEST, JsonLines
from app.telemetry.redaction import _AT, _MIGHT, _RULES, cut, is_secret_name, redacted

pytestmark = pytest.mark.slow

SIZES = 200, 1_000, 8_000, 64_000, 1_000_000
"""Small ones first: a rule that explodes is found before it takes hours."""

FRAGMENTS = (
    *("token-", "token", "token ", "token\t", 'token"', "token=", 'token="', "token='\\", 'token\\"', "otp"),
    *(
        'token\\":\\"',
        'token:"\\\\',
        "token=b",
        "a-token_",
        "password" * 9 + " ",
        "email",
        "email='",
        "e-mail_",
    ),
    *(
        "eyJ",
        "-eyJ",
        "eyJaaaaa",
        "eyJaaaaa.",
        "bearer",
        "bearer ",
        "bearer%20",
        "basic+",
        "hw1.",
        "hw_",
        "hw_a-",
    ),
    *(
        "hw1." + "0" * 32,
        "verify.",
        "verify." + "0" * 32,
        "reset" + ("." + "0" * 32) * 2,
        "$argon2",
        "$argon2id$",
    ),
    *("://", "://a:", "://a", "://a:b", "://:", ":", "/", "Key (", "Key (a)=", "Key (a)=(", "row contains ("),
    *(
        "a@",
        "@a",
        "a@a.",
        "@a.a-",
        "%40a",
        "%40",
        "a%40a.",
        "a.",
        "a",
        "-",
        "_",
        "é@é.",
        "a1@1.",
        "@" + "a." * 40,
    ),
    *("cookie: ", "Set-Cookie", "authorization: \n", " ", "\n", '"', "'", "\\", "=", "€", "\U0001f600"),
)


def _require_in_proportion(
    work: Callable[[str], object], fragment: str, *, sizes: tuple[int, ...] = SIZES
) -> None:
    """Fail when a longer text takes much more than in proportion, in processor time of this thread."""
    small, before = sizes[0], 1.0
    for size in sizes:
        text = (fragment * (size // len(fragment) + 1))[:size]
        taken = min(_taken(work, text) for _ in range(3 if size < 10_000 else 1))
        # What is quadratic takes four times as long for twice the text. A millisecond is noise.
        assert size == small or taken <= max(before, 0.001) * (size / small) ** 1.5, (fragment, size)
        small, before = size, taken


def _taken(work: Callable[[str], object], text: str) -> float:
    begin = thread_time()
    work(text)
    return thread_time() - begin


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_hostile_text_takes_its_length(fragment: str) -> None:
    _require_in_proportion(redacted, fragment)


@pytest.mark.parametrize(
    "rule", [*(rule for rule, _ in _RULES), _AT, _MIGHT], ids=lambda rule: rule.pattern[:20]
)
def test_each_rule_alone_takes_a_texts_length(rule: re.Pattern[str]) -> None:
    """The rules before it may have taken away what is hostile to this one."""
    for fragment in FRAGMENTS:
        _require_in_proportion(lambda text: rule.sub("", text), fragment, sizes=SIZES[:4])


def test_a_name_takes_its_length() -> None:
    for fragment in ("_", "-a_", "token_x", "aA", "e_mail"):
        _require_in_proportion(is_secret_name, fragment)


def _formatted(message: str, *arguments: object, **more: object) -> dict[str, object]:
    record = logging.LogRecord("x", logging.INFO, "x", 1, message, arguments, None)
    vars(record).update(more)
    found: dict[str, object] = json.loads(JsonLines().format(record))
    return found


def test_a_line_holds_the_beginning_of_a_long_text() -> None:
    line = _formatted("asked for %s", "x" * 1_000_000, extra=["y " * 500_000] * 1000)
    assert len(json.dumps(line)) < LONGEST * 110
    assert str(line["message"]).endswith("more characters]")


def test_a_word_is_not_cut_in_two() -> None:
    """Half of an address is an address that no rule knows."""
    for more in range(40):
        text = "x " * (LONGEST // 2 - more) + "ada.andersson@example.com " * 9
        assert "ada" not in redacted(cut(text, LONGEST))
    for more in range(0, 2000, 7):
        # An address of a page and its parameters have no blank.
        text = "/x?q=" + "a," * ((LONGEST - more) // 2) + "ada.andersson@example.com," + "b" * 3000
        assert "ada" not in redacted(cut(text, LONGEST))
    text = "x " * (LONGEST // 2 - 20) + "password='correct horse battery staple, and more'"
    assert "horse" not in redacted(cut(text, LONGEST))


def test_the_end_of_a_traceback_is_kept_however_long_it_is() -> None:
    def deeper(depth: int) -> None:
        try:
            raise ValueError("x" * 100_000)
        except ValueError as error:
            if depth == 0:
                raise LookupError("the last words") from error
            deeper(depth - 1)

    with pytest.raises(LookupError) as raised:
        deeper(150)
    error = raised.value
    line = _formatted("failed", exc_info=(type(error), error, error.__traceback__))
    assert str(line["error"]).endswith("LookupError: the last words")
    assert len(str(line["error"])) < LONGEST * 110


def test_what_is_no_json_is_written_all_the_same() -> None:
    line = _formatted("half of a pair \ud83d", number=10**30)
    assert line["number"] == 10**30
    assert line["level"] == "info"
