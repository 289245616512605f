"""Callbacks: what providers such as Stripe and PayPal send to a source by its path, signed by them."""
