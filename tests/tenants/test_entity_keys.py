"""The canonical key of any entity: made and read strictly."""

from uuid import UUID

import pytest

from projections.tenancy.entity_keys import CONFIG, EntityKey, parse

TENANT = UUID("0189f5c0-0000-7000-8000-00000000000a")
USER = UUID("0189f5c0-0000-7000-8000-00000000000b")
PREFIX = f"TENANT#{TENANT}"

KEYS = {
    f"{PREFIX}#CONFIG": EntityKey(TENANT, CONFIG, TENANT),
    f"{PREFIX}#USER#{USER}": EntityKey(TENANT, "USER", USER),
    f"{PREFIX}#CAMPAIGN#{USER}": EntityKey(TENANT, "CAMPAIGN", USER),
    f"{PREFIX}#FEATURE_FLAG#{USER}": EntityKey(TENANT, "FEATURE_FLAG", USER),
}


@pytest.mark.parametrize("text", KEYS)
def test_a_key_is_read_as_it_is_written(text: str) -> None:
    key = parse(text)
    assert key == KEYS[text]
    assert str(key) == text
    assert f"{key.pk}#{key.sk}" == text


def test_a_configuration_is_the_whole_sort_key() -> None:
    key = EntityKey(TENANT, CONFIG, TENANT)
    assert (key.pk, key.sk) == (PREFIX, "CONFIG")


@pytest.mark.parametrize(
    "text",
    [
        "",
        PREFIX,
        f"{PREFIX}#",
        f"{PREFIX}#USER",
        f"{PREFIX}#USER#",
        f"{PREFIX}#USER#{USER.hex}",
        f"{PREFIX}#USER#{str(USER).upper()}",
        f"{PREFIX.upper()}#USER#{USER}",
        f"{PREFIX}#user#{USER}",
        f"{PREFIX}#USER##{USER}",
        f"{PREFIX}#_USER#{USER}",
        f"{PREFIX}#USER#{USER}#",
        f"{PREFIX}#USER#{USER}\n",
        f" {PREFIX}#USER#{USER}",
        f"{PREFIX}#CONFIG#{TENANT}",
        f"{PREFIX}#CONFIG#",
        f"tenant#{TENANT}#USER#{USER}",
        f"TENANT#{USER}#CONFIG'; drop table x",
        f"{PREFIX}#{'A' * 51}#{USER}",
        f"{PREFIX}#{'A' * 1_000_000}",
    ],
)
def test_what_no_key_is_written_like_is_not_read(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever way it is wrong
        parse(text)


@pytest.mark.parametrize("kind", ["", "user", "A B", "A#B", "A" * 51])
def test_what_is_no_type_makes_no_key(kind: str) -> None:
    with pytest.raises(ValueError, match="type"):
        EntityKey(TENANT, kind, USER)


def test_a_tenant_has_no_other_configuration_than_its_own() -> None:
    with pytest.raises(ValueError, match="one configuration"):
        EntityKey(TENANT, CONFIG, USER)
