"""Keys: personal data is sealed under the keys of people, these under their tenants', those under a master key."""

from app.keys.codec import SealingCodec
from app.keys.factory import master_of, opened_ring
from app.keys.key_provider import KeyRefused
from app.keys.ring import Destroyed, KeyRing

__all__ = ["Destroyed", "KeyRefused", "KeyRing", "SealingCodec", "master_of", "opened_ring"]
