"""What a team would write in a day, to measure beside: programs that answer the same from tables of their own.

Each checks a token, as every request needs it, and does nothing else that the product does: it keeps no record of
accesses, opens no sealed texts, masks nothing, hides nothing and has no limits.
"""
