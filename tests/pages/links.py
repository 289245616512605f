"""Tokens of mailed links."""

from uuid import UUID, uuid4

from app.mail.mailed_tokens import INVITE, VERIFY
from app.storage.database import Connection
from tests.auth.people import Person, mailed, proved, registered
from tests.kit.product import Product

_ASKED = """
select originator_id from es.events
 where type = 'identity.email_verification.requested' and payload->>'account_id' = $1
"""


async def verify_token(product: Product, owner: Connection, person: Person) -> str:
    return mailed(product).of(VERIFY, await owner.fetchval(_ASKED, str(person.id)))


async def invited(product: Product, email: str) -> tuple[Person, str]:
    """Who invites, and the token in the mail to this address."""
    ada, id = await proved(product, await registered(product)), uuid4()
    sent = await ada.client.send("InviteUser", input={"id": str(id), "email": email})
    assert "position" in sent, sent
    return ada, mailed(product).of(INVITE, id, UUID(ada.given["tenantId"]))
