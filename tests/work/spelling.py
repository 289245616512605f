"""What people type and what it is to find, as one table for every store.

Each line: a text, a query, whether it finds the text, and the language of search where it is not English.
"""

import itertools
import unicodedata

_ACCENTED = ("Café", "Łódź", "Tromsø", "Ærø", "Ñandú", "Ζωή", "Ёлка")
_COMPOUNDS = ("E-mail", "ABC-123", "super_tag", "O'Neil", "R&D", "x-2a", "v2.0", "U.S.A.")


def _plain(text: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return bare.replace("Æ", "Ae").translate(str.maketrans("łŁø", "lLo"))


def _ways(text: str) -> set[str]:
    """How the same word may be typed."""
    typed = {text, _plain(text), text.upper(), text.lower()}
    return typed | {unicodedata.normalize(form, text) for form in ("NFC", "NFD") for text in typed}


FOUND: list[tuple[str, str, bool, str]] = [
    *(
        (f"{text} 1", query, True, "en")
        for word in _ACCENTED
        for text in _ways(word)
        for query in _ways(word)
    ),
    *(
        (text, query, True, "en")
        for word in _COMPOUNDS
        for text, query in itertools.product(
            (word, word.replace("-", "").replace("_", "")), (word, word.lower(), word.upper())
        )
    ),
    ("E-mail", "email", True, "en"),
    ("E-mail", "mail", True, "en"),
    ("E-mail", "e mail", True, "en"),
    ("ABC-123", "123", True, "en"),
    ("ABC-123", "abc", True, "en"),
    ("ABC-123", "abc123", True, "en"),
    ("ABC-123", "12", False, "en"),
    ("super_tag", "tag", True, "en"),
    ("task_2_done", "done", True, "en"),
    ("Straße", "strasse", True, "en"),
    ("Strasse", "straße", True, "en"),
    ("STRASSE", "Straße", True, "und"),
    ("ﬁle Ａ１", "file a1", True, "en"),
    ("IT budget", "IT", True, "en"),
    ("items", "IT", False, "en"),
    ("Call Will", "Will", True, "en"),
    ("To be or not to be", "to be or not to be", True, "en"),
    ("be or not", "to be or not to be", False, "en"),
    ("The who", "the", True, "en"),
    ("no login here", "-login", True, "en"),
    ("nothing here", "-login", False, "en"),
    ("login and party", "login OR party", False, "en"),
    ("login or party", "login OR party", True, "en"),
    ("a login", "login & !party | x", False, "en"),
    ("quoted words", '"quoted words"', True, "en"),
    ("words quoted", '"quoted words"', True, "en"),
    ("anything", "*", False, "en"),
    ("anything", "any*", False, "en"),
    ("anything", "-", False, "en"),
    ("會議記錄", "會議", True, "en"),
    ("會議記錄", "議", True, "en"),
    ("會議記錄", "議會", False, "en"),
    ("次の会議です", "会議", True, "en"),
    ("회의를 합니다", "회의", True, "en"),
    ("ประชุมทีม", "ทีม", True, "en"),
    ("हिन्दी पाठ", "हिन्दी", True, "en"),
    ("שָׁלוֹם", "שלום", True, "en"),
    ("Party 🎉", "🎉", True, "en"),
    ("co\u00adop", "coop", True, "en"),
    ("Running shoes", "run", True, "en"),
    ("A run", "running", True, "en"),
    ("A run", "running", False, "und"),
    ("Running shoes", "RUNNING", True, "und"),
    ("Drei Rechnungen", "Rechnung", True, "de"),
    ("Häuser", "haus", True, "de"),
    ("Les réunions", "réunion", True, "fr"),
    ("Las reuniones", "reunión", True, "es"),
    ("3.5 km", "35", False, "en"),
]
