"""The pages that mailed links lead to: plain HTML forms, which work without scripts (ADR 29)."""
