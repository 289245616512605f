"""What links to files say of who asked for them."""

from domain.kit.caller import SYSTEM, Caller
from domain.kit.process.files import FileNote


def file_note(by: Caller, field: str, what: str, *, name: str = "", confidential: bool = True) -> FileNote:
    """The note of a link that somebody asks for."""
    return FileNote(
        asked_by=None if by.user_id == SYSTEM else by.user_id,
        kind=by.kind,
        field=field,
        what=what,
        name=name,
        confidential=confidential,
    )
