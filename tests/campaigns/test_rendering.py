"""How templates become mails: what is refused when they are saved, and what arrives."""

import re
from typing import Any
from urllib.parse import quote

import pytest

from domain.campaigns.rendering.content import Content
from domain.campaigns.rendering.faults import TemplateFault
from domain.campaigns.rendering.links import LinkRules, with_parameters
from domain.campaigns.rendering.mails import MailTemplate, RenderedMail
from domain.campaigns.templates.checks import SAMPLE_RULES, UNSUBSCRIBE, require_sound, sample
from domain.campaigns.templates.previews import Preview, WarningCode, preview
from domain.campaigns.templates.terms import TemplateKind, TemplatePurpose
from domain.kit.refusals import Invalid
from tests.campaigns.mails import MJML
from tests.campaigns.mails import UNSUBSCRIBE as LINK

HTML, MARKETING, TRANSACTIONAL = TemplateKind.HTML, TemplatePurpose.MARKETING, TemplatePurpose.TRANSACTIONAL
RULES = LinkRules(
    track=lambda number, target: f"https://click.example/{number}",
    utm={"utm_source": "news letter", "utm_medium": "email"},
    own=SAMPLE_RULES.own,
)


def mail(body: str, *, mjml: bool = False, rules: LinkRules = SAMPLE_RULES, **contact: Any) -> RenderedMail:
    """The mail of this body for such a contact."""
    return MailTemplate(Content("Hello", "", body, ""), mjml).render(sample(contact), rules)


def body_of(html: str) -> str:
    """What stands in the body."""
    return html.partition("<body")[2].partition(">")[2].removesuffix("</body></html>")


def refused(content: Content, kind: TemplateKind = HTML, purpose: TemplatePurpose = TRANSACTIONAL) -> str:
    """What is said of what cannot be saved."""
    with pytest.raises(Invalid) as refusal:
        require_sound(kind, purpose, content)
    return refusal.value.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("Hi\n{{ campaign.nmae }}", "campaign.nmae in line 2 (perhaps campaign.name)"),
        (
            "{% if contact.frist_name %}x{% endif %}",
            "contact.frist_name in line 1 (perhaps contact.first_name)",
        ),
        ("{{ contact.email | upcas }}", "the filter upcas in line 1 (perhaps upcase)"),
        ("{{ user }}", "user in line 1 (there is no such)"),
        ("{{ contact[contact.email] }}", "names in brackets are texts"),
        ("{{ contact.fields.color.red }}", "contact.fields.color.red is undefined"),
        ("{% include 'other' %}", "unexpected tag 'include' in line 1"),
        ("{% render '/etc/passwd' %}", "unexpected tag 'render' in line 1"),
        ("{{ contact.email", "expected '}}'"),
        ("{{ 'inf' | ceil }}", "the filter ceil cannot work with in line 1"),
        ("{{ true | plus: 1.5 }}", "the filter plus cannot work with in line 1"),
        ("{{ 1 | abs: 2 }}", "the filter abs cannot work with in line 1"),
        ("{% if contact.email %}", "expected tag endif"),
        ("{% if " + " and ".join(["1 == 1"] * 20_000) + " %}x{% endif %}", "has a tag of Liquid"),
    ],
)
def test_what_cannot_be_rendered_is_refused_with_its_line(body: str, said: str) -> None:
    assert said in refused(Content("Hello", "", body, ""))


def test_every_part_is_checked() -> None:
    for content, field in (
        (Content("{{ nmae }}", "", "x", ""), "Subject"),
        (Content("x", "{{ nmae }}", "x", ""), "Preheader"),
        (Content("x", "", "x", "{{ nmae }}"), "Text"),
    ):
        assert refused(content).startswith(f"{field} uses nmae in line 1")


_LONG = "{% capture a %}" + "a" * 100_000 + "{% endcapture %}"


@pytest.mark.parametrize(
    "body",
    [
        "{{ contact.email }}" * 2_001,
        "{{ (1..5000000) | join: ',' }}",
        "{% for i in (1..5000000) limit: 1 %}x{% endfor %}",
        "{% assign r = (1..5000000) %}{% if r contains 'x' %}y{% endif %}",
        "{% for i in (1..1000) %}{% for j in (1..1000) %}x{% endfor %}{% endfor %}",
        "{% for i in (1..1000) %}{% endfor %}" * 900,
        "{% for i in (1..1000) %}" + "{% if 1 == 2 %}{% endif %}" * 900 + "{% endfor %}",
        "{% assign a = 'aaaaaaaaaa' %}{% for i in (1..900) %}{% assign a = a | append: a %}{% endfor %}",
        "{% assign n = 9 %}{% for i in (1..900) %}{% assign n = n | times: n %}{% endfor %}",
        _LONG + "{{ a | replace: 'a', a }}",
        _LONG + "{% for i in (1..900) %}{% assign b = a | upcase %}{% endfor %}",
        _LONG + "{{ a | split: '' | join: a }}",
        "{{ 'now' | date: '" + "%c" * 200 + "' }}",
        "{% if true %}" * 30 + "{% endif %}" * 30,
        "<div>" * 30_000,
        "<b>" * 120 + "<p>x</p>" * 100,
        "<p>" + "<a href='https://a.example'>x</a>" * 12_000 + "</p>",
        "<style>" + "p ~ p { color: red }" * 2_000 + "</style>" + "<p></p>" * 4_000,
    ],
)
def test_work_without_end_is_refused(body: str) -> None:
    assert refused(Content("Hello", "", body, ""))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (MJML.replace("mj-text", "mj-txet"), "mj-txet in line 5, which there is not"),
        (MJML.replace("</mj-column>", "", 1), "closes mj-section in line 9"),
        ("<p>x</p>", "does not begin with <mjml>"),
        (
            "<mjml><mj-body>" + "<mj-wrapper>" * 3_000 + "</mj-wrapper>" * 3_000 + "</mj-body></mjml>",
            "deeper",
        ),
        ('<mjml><mj-body><mj-include path="/etc/passwd" /></mj-body></mjml>', "mj-include in line 1"),
        ("<mjml><mj-body><![CDATA[</mj-body>]]></mj-body></mjml>", "has <![CDATA["),
        ("<mjml><mj-body><mj-text>x</mj-text></mj-body>", "does not close mjml"),
    ],
)
def test_what_is_no_mjml_is_refused_with_its_line(body: str, said: str) -> None:
    assert said in refused(Content("Hello", "", body, ""), TemplateKind.MJML)


def test_marketing_must_show_how_to_unsubscribe() -> None:
    assert "no link to {{ unsubscribe_url }}" in refused(Content("x", "", "<p>x</p>", ""), purpose=MARKETING)
    hidden = "{% if contact.email == 'x' %}" + LINK + "{% endif %}"
    assert "no link to" in refused(Content("x", "", hidden, ""), purpose=MARKETING)
    assert "does not show" in refused(Content("x", "", LINK, "Hello"), purpose=MARKETING)
    require_sound(HTML, MARKETING, Content("x", "", LINK, "Bye {{ unsubscribe_url }}"))
    require_sound(HTML, TRANSACTIONAL, Content("x", "", "<p>x</p>", ""))


def test_loops_stay_in_tables_and_comparisons_as_they_are() -> None:
    rows = (
        "<table>{% for i in (1..3) %}{% if i > 1 %}<tr><td>{{ i }}</td></tr>{% endif %}{% endfor %}</table>"
    )
    assert re.findall("<td>(.)</td>", mail(rows).html) == ["2", "3"]
    sections = (
        "{% for i in (1..2) %}<mj-section><mj-column><mj-text>n{{ i }}</mj-text></mj-column></mj-section>"
    )
    looped = mail(f"<mjml><mj-body>{sections}{{% endfor %}}</mj-body></mjml>", mjml=True)
    assert re.findall("n[0-9]", looped.html) == ["n1", "n2"]


def test_a_value_is_text_wherever_it_stands() -> None:
    sly = "\"'><script>alert(1)</script>{{ tenant.name }}"
    body = "<p title='{{ contact.first_name }}'>{{ contact.first_name }}</p>{% capture x %}<i>{{ contact.email }}"
    shown = mail(body + "</i>{% endcapture %}{{ x }}", first_name=sly, email="<b>")
    escaped = "&#34;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{ tenant.name }}"
    assert body_of(shown.html) == f'<p title="{escaped}">{escaped}</p><i>&lt;b&gt;</i>'
    assert shown.text == f"{sly}\n\n<b>\n"


def test_a_value_cannot_bring_styles_or_addresses_of_its_own() -> None:
    body = '<p style="color:{{ contact.fields.a }}">x</p><a href="{{ contact.fields.b }}">y</a>'
    template = MailTemplate(Content("x", "", body + '<img src="{{ contact.fields.c }}" alt="">', ""), False)
    sly = {"a": "red;position:fixed", "b": "javascript:alert(1)", "c": "file:///etc/passwd"}
    shown = template.render(sample({"fields": sly}), SAMPLE_RULES)
    assert body_of(shown.html) == '<p style="color:red">x</p><a href="">y</a><img alt="">'
    plain = {"a": "blue", "b": "https://b.example/?x=1&y=2", "c": "https://c.example/c.png"}
    shown = template.render(sample({"fields": plain}), SAMPLE_RULES)
    assert 'style="color:blue"' in shown.html
    assert 'href="https://b.example/?x=1&amp;y=2"' in shown.html
    assert 'src="https://c.example/c.png"' in shown.html


def test_what_does_not_belong_in_a_mail_is_left_out() -> None:
    shown = mail(
        "<style>@import url(https://x.example/x.css); p { color: red }"
        "@media (max-width: 9px) { p { color: blue } }</style>"
        "<link rel=stylesheet href='file:///etc/passwd'><p onclick=x style='position: fixed'>Hi</p>"
        "<script>alert(1)</script><form><input></form><iframe src='https://x.example'></iframe>"
        "<svg><a>z</a></svg><!--[if mso]><p>mso</p><![endif]-->"
        "<a href=' JaVascript:alert(1)'>x</a><a href='/sale'>y</a>"
    ).html
    assert body_of(shown) == '<p style="color:red">Hi</p><a>x</a><a href="">y</a>'
    assert "<style>@media (max-width: 9px) { p { color: blue } }</style>" in shown.replace("  ", " ")
    assert not re.search("passwd|@import|script|x.example", shown)


def test_comments_for_outlook_are_those_of_the_compiler() -> None:
    raw = "<mj-raw><!--[if mso]><p>mine</p><![endif]--></mj-raw>"
    shown = mail(MJML.replace("<mj-section>", f"{raw}<mj-section>"), mjml=True).html
    assert "<!--[if mso | IE]>" in shown
    assert "mine" not in shown
    assert "fonts.googleapis.com" not in shown


@pytest.mark.parametrize(
    ("href", "target"),
    [
        ("https://a.example/?a=1&amp;b=2", "https://a.example/?a=1&b=2"),
        ("https://a.example/?a=1&b=2", "https://a.example/?a=1&b=2"),
        ("https://a.example/?a=%26b", "https://a.example/?a=%26b"),
        ("https://a.example/?f[0]=themes:2&f[1]=x", "https://a.example/?f[0]=themes:2&f[1]=x"),
        ("https://a.example/?test={field}", "https://a.example/?test={field}"),
        ("https://a.example/it's", "https://a.example/it's"),
        ("https://a.example/#frag", "https://a.example/#frag"),
        (
            "https://a.example/?u={{ contact.email | url_encode }}#x",
            "https://a.example/?u=ada%40example.com#x",
        ),
    ],
)
def test_a_link_is_tracked_with_its_address_intact(href: str, target: str) -> None:
    rules = LinkRules(
        track=lambda number, target: f"https://click.example/{number}?to={quote(target, safe='')}"
    )
    shown = mail(f'<a href="{href}">x</a>', rules=rules)
    clicked = f"https://click.example/0?to={quote(target, safe='')}"
    assert shown.links == (target,)
    assert body_of(shown.html) == f'<a href="{clicked}">x</a>'
    assert shown.text == f"x ({clicked})\n"


@pytest.mark.parametrize("href", ["mailto:a@a.example", "tel:+4930", "#top", "{{ unsubscribe_url }}?l=1"])
def test_what_is_no_page_and_the_links_of_the_product_are_not_tracked(href: str) -> None:
    shown = mail(f'<a href="{href}">x</a>', rules=RULES)
    assert f'href="{shown.links[0]}"' in shown.html
    assert "utm_" not in shown.html


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", "https://a.example?u=1&v=a+b"),
        ("https://a.example/?#f?x", "https://a.example/?u=1&v=a+b#f?x"),
        ("https://a.example/?x=%20&v=#f", "https://a.example/?x=%20&v=&u=1#f"),
        ("https://a.example/?f[0]=a:2&", "https://a.example/?f[0]=a:2&u=1&v=a+b"),
    ],
)
def test_parameters_are_added_before_the_fragment_and_none_twice(url: str, expected: str) -> None:
    assert with_parameters(url, {"u": "1", "v": "a b"}) == expected


def test_mails_that_differ_in_values_alone_share_what_is_made_of_the_template() -> None:
    template = MailTemplate(Content("Hi {{ contact.first_name }}", "", MJML, ""), True)
    mails = [template.render(sample({"first_name": name}), RULES) for name in ("Ada", "Bob", "")]
    assert [(each.subject, re.findall("Hello ([A-Za-z]*)", each.html)) for each in mails] == [
        ("Hi Ada", ["Ada"]),
        ("Hi Bob", ["Bob"]),
        ("Hi", ["there"]),
    ]
    assert len(template._documents) == 1


def test_a_missing_text_is_made_and_a_given_one_is_kept() -> None:
    body = (
        "<h1>Sale</h1><p>All &amp;\n sundry<br>cheap</p><ul><li>Cups</li><li>Pots</li></ul><img alt='A pot'>"
    )
    assert mail(body).text == "Sale\n\nAll & sundry\ncheap\n\n- Cups\n\n- Pots\n\nA pot\n"
    given = MailTemplate(Content("x", "", body, "Dear {{ contact.first_name }} & co\n"), False)
    assert given.render(sample({"first_name": "<Ada>"}), RULES).text == "Dear <Ada> & co\n"


def test_a_preheader_stands_hidden_before_the_body_and_not_in_the_text() -> None:
    template = MailTemplate(Content("x", "For {{ contact.first_name }}", "<p>Body</p>", ""), False)
    shown = template.render(sample(), RULES)
    assert re.match('<div style="display:none[^>]*>For Ada', body_of(shown.html))
    assert shown.text == "Body\n"


def test_a_preview_warns_of_what_recipients_miss() -> None:
    def warned(body: str, text: str = "x", subject: str = "x") -> list[tuple[str, str]]:
        shown = preview(HTML, TRANSACTIONAL, Content(subject, "", body, text), {})
        assert isinstance(shown, Preview)
        return [(each.code, each.about) for each in shown.warnings]

    assert warned("<p>x</p>") == []
    assert warned("<p>x</p>", text="", subject="x" * 71) == [
        (WarningCode.NO_TEXT, ""),
        (WarningCode.LONG_SUBJECT, ""),
    ]
    assert warned(f"<p>{'x' * 105_000}</p>") == [(WarningCode.CLIPPED, "")]
    images = '<img src="https://a.example/a.png"><img alt="" src="https://a.example/b.png">'
    assert warned(images) == [(WarningCode.IMAGE_WITHOUT_ALT, "https://a.example/a.png")]
    links = '<a href="http://a.example">x</a><a href="/x">y</a>'
    assert warned(links) == [(WarningCode.INSECURE_LINK, "http://a.example"), (WarningCode.BROKEN_LINK, "/x")]
    wrong = preview(HTML, MARKETING, Content("x", "", "x", ""), {})
    assert isinstance(wrong, TemplateFault)
    assert wrong.field == "body"


def test_a_value_that_a_template_cannot_use_is_a_fault_of_that_mail_alone() -> None:
    template = MailTemplate(Content("x", "", "{% for i in (1..contact.fields.n) %}.{% endfor %}", ""), False)
    assert body_of(template.render(sample({"fields": {"n": 3}}), RULES).html) == "..."
    with pytest.raises(TemplateFault, match="range"):
        template.render(sample({"fields": {"n": 5_000_000}}), RULES)
    with pytest.raises(TemplateFault, match="range without an end in line 1"):
        template.render(sample({"fields": {"n": 10**20}}), RULES)
    assert UNSUBSCRIBE in SAMPLE_RULES.own
