"""Commands that show views, rebuild them and repair them."""
