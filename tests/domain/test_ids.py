"""Ids that are made without the checks of their class are the ids that it makes."""

import pickle
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from domain.kit.clock import TimeOrderedIds
from domain.kit.ids import id_from, id_of, read_id


@given(st.uuids(), st.text())
def test_an_id_from_a_name_is_that_of_the_standard_library(namespace: UUID, name: str) -> None:
    made, known = id_from(namespace, name), uuid5(namespace, name)
    assert (made, hash(made), str(made), made.version) == (known, hash(known), str(known), 5)
    assert pickle.loads(pickle.dumps(made)) == known


@given(st.uuids())
def test_an_id_is_its_number_and_its_text(id: UUID) -> None:
    assert id_of(id.int) == id == read_id(str(id).upper())
    assert id_of(id.int).is_safe is id.is_safe


def test_new_ids_are_ordered_by_time_and_say_so() -> None:
    ids = TimeOrderedIds()
    made = [ids.new() for _ in range(1_000)]
    assert made == sorted(set(made))
    assert {id.version for id in made} == {7}
    assert {id.variant for id in made} == {UUID(int=2 << 62).variant}
