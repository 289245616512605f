"""What is left of a personal text that somebody may not read."""

import pytest

from api.kit.schema.masking import masked


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", ""),
        ("Bruno", "B***"),
        ("ada@example.com", "a***@example.com"),
        ('{"email": "ada@example.com", "diagnosis": "secret"}', "{***"),
        ("c/o ada@example.com\nOne Street", "c***"),
        ("ada@example.com, bob@example.com", "a***"),
    ],
)
def test_a_domain_is_left_of_a_whole_address_alone(text: str, left: str) -> None:
    assert masked(text) == left
