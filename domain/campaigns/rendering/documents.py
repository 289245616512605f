"""The one document of a mail: compiled from MJML, its styles inlined, and what does not belong in a mail left out.

The order is fixed: what is not rendered yet would be destroyed by parsers of HTML, which move ``{% for %}`` out of
tables, and what is not inlined yet would lose its styles.
"""

import re
from html import escape

import css_inline
import nh3
from mjml import mjml2html
from selectolax.lexbor import LexborHTMLParser

from domain.campaigns.rendering.faults import TemplateFault
from domain.campaigns.rendering.shape import require_bounded, require_mjml, without_comments, words

_TAGS = words(
    """
    a abbr address area article b bdi bdo big blockquote br caption center code col colgroup dd
    del div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins label
    li main map nav ol p pre q s section small span strike strong sub sup table tbody td tfoot
    th thead tr tt u ul wbr
    """
)
_ATTRIBUTES = {
    "*": words(
        """
    align aria-hidden aria-label aria-roledescription background bgcolor border class dir height
    id lang name role style title valign width
    """
    ),
    "a": frozenset({"href", "target"}),
    "area": frozenset({"href", "shape", "coords", "alt", "target"}),
    "img": frozenset({"src", "srcset", "alt", "usemap", "hspace", "vspace"}),
    "font": frozenset({"color", "face", "size"}),
    "table": frozenset({"cellpadding", "cellspacing", "summary"}),
    "td": frozenset({"colspan", "rowspan", "nowrap"}),
    "th": frozenset({"colspan", "rowspan", "nowrap", "scope"}),
    "col": frozenset({"span"}),
    "ol": frozenset({"start", "type"}),
    "li": frozenset({"value"}),
}
_STYLES = words(
    """
    background background-color background-image background-position background-repeat
    background-size border border-bottom border-bottom-color border-bottom-left-radius
    border-bottom-right-radius border-bottom-style border-bottom-width border-collapse
    border-color border-left border-left-color border-left-style border-left-width border-radius
    border-right border-right-color border-right-style border-right-width border-spacing
    border-style border-top border-top-color border-top-left-radius border-top-right-radius
    border-top-style border-top-width border-width box-shadow box-sizing caption-side clear
    color cursor direction display empty-cells float font font-family font-size font-style
    font-variant font-weight height hyphens letter-spacing line-height list-style
    list-style-position list-style-type margin margin-bottom margin-left margin-right margin-top
    max-height max-width min-height min-width mso-border-alt mso-hide mso-line-height-rule
    mso-padding-alt mso-table-lspace mso-table-rspace mso-text-raise object-fit opacity outline
    overflow overflow-wrap padding padding-bottom padding-left padding-right padding-top
    table-layout text-align text-decoration text-indent text-overflow text-shadow text-transform
    vertical-align visibility white-space width word-break word-spacing word-wrap
    -ms-interpolation-mode -ms-text-size-adjust -webkit-text-size-adjust
    """
)
_ACTIVE = re.compile(r"expression\s*\(|behavior\s*:|-moz-binding|(?:java|vb)script:|[<\\]", re.IGNORECASE)
_IMPORT = re.compile(r"@(?:import|charset|namespace)[^;{}]*;?", re.IGNORECASE)
_URL = re.compile(r"url\(\s*['\"]?\s*(?!https?://|['\"\s])", re.IGNORECASE)
_GONE = words("script style title noscript template textarea select svg math")
"""Tags that go with what is in them."""
SCHEMES = frozenset({"http", "https", "mailto", "tel", "sms"})

_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
_HIDDEN = "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;overflow:hidden;mso-hide:all"
# Between the preheader and the body, so that inboxes do not show the beginning of the body behind it.
_FILLER = "&#847;&zwnj;&nbsp;" * 60


def document(html: str, *, is_mjml: bool, preheader: str = "") -> str:
    """The document of a compiled body. ``preheader`` is HTML. Raises TemplateFault."""
    require_bounded(html)
    try:
        tree = LexborHTMLParser(_INLINER.inline(html))
    except css_inline.InlineError as error:
        raise TemplateFault(f"has styles that cannot be read: {str(error)[:200]}") from None
    body = tree.body
    if body is None:
        raise TemplateFault("has no body")
    inner = (
        _CLEANER_OF_MJML.clean(body.inner_html or "") if is_mjml else _CLEANER.clean(body.inner_html or "")
    )
    root = tree.root
    said = {} if root is None else root.attributes
    kept = _CLEANER.clean(f"<div{_attributes(body.attributes)}></div>")
    opening = kept.removeprefix("<div").partition(">")[0]
    styles = "".join(filter(None, (_style(node.text(deep=True)) for node in tree.css("style"))))
    hidden = f'<div style="{_HIDDEN}">{preheader}{_FILLER}</div>' if preheader else ""
    return (
        "<!doctype html>"
        f'<html lang="{escape(said.get("lang") or "und")}" dir="{escape(said.get("dir") or "auto")}" '
        'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{styles}{_OFFICE if is_mjml else ''}</head>"
        f"<body{opening}>{hidden}{inner}</body></html>"
    )


_OFFICE = (
    "<!--[if mso]><noscript><xml><o:OfficeDocumentSettings><o:AllowPNG/><o:PixelsPerInch>96</o:PixelsPerInch>"
    "</o:OfficeDocumentSettings></xml></noscript><style>.mj-outlook-group-fix{width:100% !important}</style>"
    "<![endif]-->"
)


def compiled(source: str) -> str:
    """The HTML of MJML. Its author's comments go, so that those of the result are the compiler's own.

    Raises TemplateFault.
    """
    mjml = without_comments(source)
    require_mjml(mjml)
    require_bounded(mjml)
    try:
        return mjml2html(mjml, fonts={}, include_loader=_nothing)
    except ValueError as error:
        raise TemplateFault(f"is no MJML: {str(error)[:200]}") from None


def _nothing(path: str) -> str:
    raise ValueError("there are no files")


def _attributes(said: dict[str, str | None]) -> str:
    return "".join(f' {name}="{escape(value or "")}"' for name, value in said.items())


def _style(css: str) -> str:
    """The rules that could not be inlined, such as media queries; nothing where they do more than style."""
    rules = _IMPORT.sub("", css).strip()
    return "" if not rules or _ACTIVE.search(rules) or _URL.search(rules) else f"<style>{rules}</style>"


def _value(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "style" and (_ACTIVE.search(value) or _URL.search(value)):
        return None
    if attribute in ("background", "src", "srcset") and not _is_of_the_web(value):
        return None
    return value


def _is_of_the_web(value: str) -> bool:
    scheme = re.match(r"\s*([a-zA-Z][a-zA-Z0-9+.-]*):", value)
    return scheme is None or scheme[1].lower() in ("http", "https")


def _cleaner(*, strip_comments: bool) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(_TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        clean_content_tags=set(_GONE),
        attribute_filter=_value,
        filter_style_properties=set(_STYLES),
        strip_comments=strip_comments,
        url_schemes=set(SCHEMES),
        link_rel=None,
    )


_CLEANER, _CLEANER_OF_MJML = _cleaner(strip_comments=True), _cleaner(strip_comments=False)
