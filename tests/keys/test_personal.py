"""What the kit knows of personal fields before any key is there."""

from typing import Annotated
from uuid import UUID

import pytest

from domain.kit.codec import PlainCodec
from domain.kit.events import Event
from domain.kit.fields import Confidential, Personal, Public
from domain.kit.privacy.personal import PersonalField, is_secret, personal_fields
from tests.keys.diaries import MAILBOX, BeginDiary, Diary, TurnPages


def test_fields_are_found_with_their_subject_and_name_of_search() -> None:
    assert personal_fields(Diary.Begun) == (
        PersonalField("email", "originator_id", MAILBOX),
        PersonalField("motto", "originator_id", ""),
        PersonalField("name", "originator_id", ""),
    )
    assert personal_fields(Diary.Wrote) == (PersonalField("text", "about", ""),)
    assert personal_fields(Diary.Turned) == ()


def test_only_texts_can_be_personal() -> None:
    class Aged(Event):
        years: Annotated[int, Confidential(), Personal()]

    with pytest.raises(TypeError, match="only texts"):
        personal_fields(Aged)


def test_a_subject_must_be_a_field() -> None:
    class Met(Event):
        name: Annotated[str, Public(), Personal(subject="whom")]

    with pytest.raises(TypeError, match="no field"):
        personal_fields(Met)


def test_commands_with_personal_fields_are_known() -> None:
    assert is_secret(BeginDiary)
    assert not is_secret(TurnPages)


def test_a_plain_log_has_fingerprints_too() -> None:
    codec = PlainCodec()
    fingerprint = codec.fingerprint("mail", "ada@example.com")
    assert (
        fingerprint
        == codec.fingerprint("mail", "ada@example.com")
        != codec.fingerprint("other", "ada@example.com")
    )
    token = f"hw1.{UUID(int=1).hex}.1.{fingerprint}.place.body"
    assert codec.fingerprint("mail", token) == fingerprint
    with pytest.raises(ValueError, match="no fingerprint"):
        codec.fingerprint("mail", token.replace(fingerprint, "-"))
