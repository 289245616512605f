"""The pages as HTML: no scripts, nothing loaded from anywhere, every text escaped."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from starlette.responses import HTMLResponse

from app.pages.texts import Texts

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:28rem;margin:3rem auto;padding:0 1rem;color:#1b1f24}"
    "h1{font-size:1.4rem}label{display:block;margin:1rem 0}input{display:block;width:100%;box-sizing:border-box;"
    "font:inherit;padding:.5rem;border:1px solid #57606a;border-radius:.3rem}button{font:inherit;"
    "padding:.5rem 1rem;border:0;border-radius:.3rem;background:#0550ae;color:#fff}[role=alert]{color:#a40e26}"
)
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    # The address holds a secret: it is kept by nobody and told to nobody.
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
    "vary": "accept-language",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field that somebody fills in."""

    name: str
    type: str = "text"
    autocomplete: str
    value: str = ""
    required: bool = True


def form_page(
    texts: Texts,
    title: str,
    *,
    path: str,
    token: str,
    intro: str,
    button: str,
    fields: Sequence[Field] = (),
    about: str = "",
    error: str = "",
    status: int = 200,
) -> HTMLResponse:
    """A page with a form that is sent to ``path``, with the token in its body; ``about`` is what it is about."""
    inputs = "".join(_input(texts, field) for field in fields)
    alert = f'<p role="alert">{escape(error)}</p>' if error else ""
    said = f"<p>{escape(about)}</p>" if about else ""
    body = (
        f"{said}<p>{escape(texts[intro])}</p>{alert}"
        f'<form method="post" action="{path}"><input type="hidden" name="token" value="{escape(token)}">{inputs}'
        f"<p><button>{escape(texts[button])}</button></p></form>"
    )
    return page(texts, texts[title], body, status)


def _input(texts: Texts, field: Field) -> str:
    return (
        f'<label>{escape(texts[field.name])}<input name="{field.name}" type="{field.type}" '
        f'autocomplete="{field.autocomplete}" value="{escape(field.value)}"'
        f"{' required' if field.required else ''}></label>"
    )


def message_page(texts: Texts, title: str, text: str, *, status: int = 200) -> HTMLResponse:
    """A page that tells what came of it, and leads on unless there is nothing to lead to."""
    role = "status" if status < 400 else "alert"
    home = f'<p><a href="/">{escape(texts["home"])}</a></p>' if texts["home"] else ""
    body = f'<p role="{role}">{escape(text)}</p>{home}'
    return page(texts, texts[title], body, status)


def page(texts: Texts, title: str, body: str, status: int = 200) -> HTMLResponse:
    """A page with this title and body; the title is escaped, the body is not."""
    text = (
        f'<!doctype html><html lang="{texts["lang"]}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><main><h1>{escape(title)}</h1>{body}</main></html>"
    )
    return HTMLResponse(text, status, headers=_HEADERS)
