"""The cookies of a request, read as browsers write them."""

from starlette.datastructures import Headers


def cookies_of(headers: Headers) -> dict[str, str]:
    """What each cookie says, by its name; one that is shown twice is left out.

    Only a semicolon ends one. Where a blank or a quotation mark would, the cookie of another host could hold one
    with a name that this host alone may set (`__Host-`), or hide it; and what cannot be read leaves the others be.
    """
    found, twice = dict[str, str](), set[str]()
    # Some proxies hand HTTP/2's several headers on as they are.
    for part in ";".join(headers.getlist("cookie")).split(";"):
        name, _, value = (text.strip(" \t") for text in part.partition("="))
        if name in found:
            twice.add(name)
        found[name] = value
    return {name: value for name, value in found.items() if name not in twice}
