"""The texts of Parquet, cut before they are values of Python: one that many rows have takes no room in a file."""

# What pyarrow reads has no types, hence Any.
from typing import Any

_TOO_LONG = "…"


def cut(column: Any, most: int) -> Any:
    """A column, or its values, without more of a text than ``most`` characters. In place of what holds a longer
    one deeper down is a text of that length."""
    import pyarrow as pa
    from pyarrow import compute as functions

    # They are made when it is loaded.
    compute: Any = functions

    column = _stored(column)
    kind = column.type
    if pa.types.is_dictionary(kind):
        # A dictionary may have far more than these rows name.
        named = compute.unique(column.indices.drop_null())
        places = compute.index_in(column.indices, named)
        return cut(column.dictionary.take(named), most).take(places)
    if _longest(column) <= most:
        return column
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return compute.utf8_slice_codeunits(column, 0, most)
    if not pa.types.is_nested(kind):
        return compute.binary_slice(column, 0, most)
    rows = (column.slice(place, 1) for place in range(len(column)))
    return [_TOO_LONG * most if _longest(row) > most else row.to_pylist()[0] for row in rows]


def _stored(column: Any) -> Any:
    """A column as it is stored, and texts as all functions take them."""
    import pyarrow as pa

    if isinstance(column, pa.ExtensionArray) and not pa.types.is_fixed_size_binary(column.storage.type):
        column = column.storage
    if pa.types.is_string_view(column.type):
        return column.cast(pa.large_string())
    return column.cast(pa.large_binary()) if pa.types.is_binary_view(column.type) else column


def _longest(column: Any) -> int:
    """The bytes of the longest text in a column, however deep."""
    import pyarrow as pa
    from pyarrow import compute as functions

    # They are made when it is loaded.
    compute: Any = functions

    column = _stored(column)
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return 0
    if pa.types.is_dictionary(kind):
        return _longest(column.dictionary.take(compute.unique(column.indices.drop_null())))
    if pa.types.is_fixed_size_binary(kind):
        return int(kind.byte_width)
    if pa.types.is_map(kind):
        first, last = (column.offsets[place].as_py() for place in (0, -1))
        return max(_longest(each.slice(first, last - first)) for each in (column.keys, column.items))
    if pa.types.is_struct(kind):
        return max(map(_longest, column.flatten()), default=0)
    if pa.types.is_nested(kind):
        return _longest(column.flatten())
    if _is_text(kind):
        return int(compute.max(compute.binary_length(column)).as_py() or 0)
    return 0


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return any(each(kind) for each in texts)
