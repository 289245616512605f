"""What is wrong with a template."""


class TemplateFault(Exception):
    """A part of a template cannot be rendered; the text says why, as a verb phrase."""

    def __init__(self, reason: str, field: str = "body") -> None:
        super().__init__(reason)
        self.reason, self.field = reason, field
