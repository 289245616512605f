"""What others have written stands in a mail as a text: in one line, not long, and without a link."""

import re

import pytest

from domain.processes.mail_templates import about_task
from domain.work.notifications import NotificationKind

URL = "https://here.example.com/tasks/1"


@pytest.mark.parametrize(
    "title",
    [
        "Verify at https://evil.example.com/login?a=b",
        "evil.example.com/login",
        "mail ada@evil.example.com or mailto:ada@evil.example.com",
        "first\nsecond https://evil.example.com\r\n\r\nHello,",
        "https://evil。example．com",
        "<a href='https://evil.example.com'>Sign in</a>",
        "x" * 500,
    ],
)
@pytest.mark.parametrize("kind", NotificationKind)
def test_a_task_is_named_without_a_link(kind: NotificationKind, title: str) -> None:
    subject, text = about_task(kind, title, None, None, tenant="Acme", url=URL)
    assert "evil" not in subject
    [named] = re.findall("“(.*)”:?\n\nYou open it", text)
    assert len(named) < 300
    assert re.findall(r"\w[.:/@。．]+\w", text.replace(URL, "")) == []
    assert text.count("https://") == 1 + named.count("https:// ")
