"""Signing in: who somebody is, and the tokens that say so from then on (ADR 19).

`app.auth.factory.create_sign_in` puts it together; `app.auth.routes.auth_routes` serves it.
"""
