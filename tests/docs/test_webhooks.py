"""What docs/webhooks.md has receivers run verifies what the standard's own library signs, and nothing else."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from domain.gateway.webhook_signature import new_secret, signed_headers
from tests.docs.pages import ROOT
from tests.kit.npm import NODE

PAGE = (ROOT / "docs/webhooks.md").read_text()
BODY = b'{"type":"work.task.created","title":"Gr\xc3\xbc\xc3\x9fe"}'
Case = tuple[str, dict[str, str], bytes, bool]


def block(language: str) -> str:
    """The one block of the page in a language."""
    (_, text) = PAGE.split(f"```{language}\n")
    return text.partition("```")[0]


def cases() -> list[Case]:
    """Secret, headers, body, and whether they are good."""
    secret, other, now = new_secret(), new_secret(), datetime.now(UTC)
    standard = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", now, BODY.decode()),
    }
    both = signed_headers("msg_1", now, BODY, [other, secret])
    late = signed_headers("msg_1", now - timedelta(minutes=6), BODY, [secret])
    return [
        (secret, standard, BODY, True),
        (secret, both, BODY, True),
        (secret, signed_headers("msg_1", now, BODY, [other]), BODY, False),
        (secret, standard, BODY + b" ", False),
        (secret, {**standard, "webhook-id": "msg_2"}, BODY, False),
        (secret, late, BODY, False),
        (secret, {**standard, "webhook-signature": "v1,AAAA"}, BODY, False),
    ]


def test_in_python() -> None:
    names: dict[str, Any] = {}
    exec(block("python"), names)
    assert [names["verified"](*case[:3]) for case in cases()] == [good for *_, good in cases()]


@pytest.mark.servers
def test_in_javascript() -> None:
    given = [(secret, headers, body.decode()) for secret, headers, body, _ in cases()]
    called = f"{json.dumps(given)}.map((each) => verified(...each))"
    script = f"{block('javascript')}\nconsole.log(JSON.stringify({called}))"
    done = subprocess.run([str(NODE), "-e", script], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == [good for *_, good in cases()]
