"""Sources of templates that tests use."""

MJML = """<mjml>
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text>Hello {{ contact.first_name | default: "there" }}</mj-text>
        <mj-button href="https://shop.example/sale?a=1&amp;b=2#new">Shop now</mj-button>
        <mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""
UNSUBSCRIBE = '<a href="{{ unsubscribe_url }}">Unsubscribe</a>'
