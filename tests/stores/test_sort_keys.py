"""The order of names."""

from projections.kit.store.derived_columns import sort_key


def test_names_sort_as_people_sort_them() -> None:
    names = ["adams", "Adams", "Åberg", "Ährenfeld", "de la Cruz", "Émile", "Emilia", "van Dijk", "Zuse"]
    in_order = ["Åberg", "adams", "Adams", "Ährenfeld", "de la Cruz", "Émile", "Emilia", "van Dijk", "Zuse"]
    assert sorted(names, key=sort_key) == in_order


def test_composed_and_decomposed_names_are_one() -> None:
    assert sort_key("Émile") == sort_key("E\u0301mile")
