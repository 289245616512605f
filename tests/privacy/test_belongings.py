"""What belongs to a person only by an address of theirs is forgotten with them, and nothing of anybody else."""

from uuid import UUID, uuid4

import pytest

from domain.governance.erasures import AccountHasTenants, Erasure, erasure_id
from domain.governance.refusals import SubjectIsKnown, TooManyAtOnce
from domain.identity.account_commands import JoinTenant, OpenAccount
from domain.identity.invitations import AcceptInvitation, InviteUser, WithdrawInvitation
from domain.identity.registration import RegisterUser
from domain.identity.user_commands import ChangeUserEmail, DeleteUser
from domain.kit.caller import ACCOUNTS, Caller
from domain.kit.process.process_scenario import rehearse
from domain.kit.refusals import NoTenant, NotFound
from domain.processes.erasure import PersonErasure
from projections.governance import privacy
from projections.governance.erasures import Erasures
from projections.identity.admission import Invitations
from tests.privacy.estate import Estate, accepted, somebody
from tests.privacy.people import BY_ITSELF, a_member, an_account, an_owner
from tests.privacy.reading import readable

HASH = "0" * 64


async def _invited(estate: Estate, owner: Caller, email: str, *, instead_of: UUID | None = None) -> UUID:
    id = uuid4()
    await estate.send(InviteUser(id=id, email=email, token_hash=HASH, replaces_id=instead_of), owner)
    return id


async def _erased(estate: Estate, by: Caller, subject: UUID) -> None:
    async with estate.acting():
        accepted(await estate.desk.erase(estate.request(by), subject, reason=""))
        await estate.settled()
    key = (erasure_id(subject),)
    row = (await estate.rows.get(Erasures, by.tenant_id, [key]))[key]
    assert row.certified_at is not None, row


async def _left(estate: Estate, tenant: UUID, ids: list[UUID]) -> list[UUID]:
    found = await estate.rows.get(Invitations, tenant, [(id,) for id in ids])
    return [id for (id,) in found]


async def test_every_invitation_to_an_address_goes_with_its_person(estate: Estate) -> None:
    owner = await an_owner(estate, uuid4())
    email = f"second.{uuid4().hex}@forget.example.com"
    withdrawn = await _invited(estate, owner, email.upper())
    await estate.send(WithdrawInvitation(id=withdrawn), owner)
    replaced = await _invited(estate, owner, email)
    used = await _invited(estate, owner, email, instead_of=replaced)
    other = await _invited(estate, owner, f"other.{uuid4().hex}@example.com")
    me = uuid4()
    joined = AcceptInvitation(
        id=me,
        invitation_id=used,
        inviter_id=owner.user_id,
        token_hash=HASH,
        email=email,
        first_name="Wilhelmina",
    )
    await estate.send(joined, somebody(owner.tenant_id, "member", me))
    open_ = await _invited(estate, owner, email)
    assert await readable(estate, owner.tenant_id, email)

    await _erased(estate, owner, me)
    assert await readable(estate, owner.tenant_id, email, "Wilhelmina") == []
    assert await _left(estate, owner.tenant_id, [open_, replaced, withdrawn, used, other]) == [other]
    again = AcceptInvitation(
        id=uuid4(),
        invitation_id=open_,
        inviter_id=owner.user_id,
        token_hash=HASH,
        email=email,
        first_name="A",
    )
    assert isinstance(await estate.bus.send(again, by=owner), NotFound)


async def test_former_addresses_count_as_well(estate: Estate) -> None:
    owner = await an_owner(estate, uuid4())
    first, second = (f"{name}.{uuid4().hex}@example.com" for name in ("first", "second"))
    me = uuid4()
    await estate.send(RegisterUser(id=me, email=first, first_name="Ida"), owner)
    invited = [await _invited(estate, owner, first)]
    await estate.send(ChangeUserEmail(id=me, email=second), somebody(owner.tenant_id, "member", me))
    invited.append(await _invited(estate, owner, second))
    await _erased(estate, owner, me)
    assert await readable(estate, owner.tenant_id, first, second) == []
    assert await _left(estate, owner.tenant_id, invited) == []


async def test_an_address_that_one_only_says_is_ones_takes_nothing_along(estate: Estate) -> None:
    owner = await an_owner(estate, uuid4())
    person = await a_member(estate, owner, *await an_account(estate))
    victim = f"victim.{uuid4().hex}@example.com"
    invitation = await _invited(estate, owner, victim)
    mine = await _invited(estate, owner, person.email)
    await estate.send(ChangeUserEmail(id=person.id, email=victim), person.caller)
    await _erased(estate, person.caller, person.id)
    assert await _left(estate, owner.tenant_id, [invitation, mine]) == [invitation]


async def test_who_has_the_address_now_is_left_alone(estate: Estate) -> None:
    owner = await an_owner(estate, uuid4())
    shared = f"office.{uuid4().hex}@example.com"
    before, now = uuid4(), uuid4()
    await estate.send(RegisterUser(id=before, email=shared, first_name="Before"), owner)
    await estate.send(ChangeUserEmail(id=before, email=f"b.{uuid4().hex}@example.com"), owner)
    await estate.send(RegisterUser(id=now, email=shared, first_name="Now"), owner)
    invited = await _invited(estate, owner, shared)
    await _erased(estate, owner, before)
    assert await readable(estate, owner.tenant_id, shared)
    assert await _left(estate, owner.tenant_id, [invited]) == [invited]


async def test_who_had_the_address_and_has_another_is_left_alone(estate: Estate) -> None:
    owner = await an_owner(estate, uuid4())
    shared, kept = f"desk.{uuid4().hex}@example.com", f"kept.{uuid4().hex}@example.com"
    before, now = uuid4(), uuid4()
    await estate.send(RegisterUser(id=before, email=shared, first_name="Before"), owner)
    await estate.send(ChangeUserEmail(id=before, email=kept), owner)
    await estate.send(RegisterUser(id=now, email=shared, first_name="Now"), owner)
    await _erased(estate, owner, now)
    assert await readable(estate, owner.tenant_id, kept)


async def test_what_was_deleted_with_the_address_goes_too(estate: Estate) -> None:
    owner = await an_owner(estate, uuid4())
    email = f"twice.{uuid4().hex}@example.com"
    before, now = uuid4(), uuid4()
    await estate.send(RegisterUser(id=before, email=email, first_name="Ermintrude"), owner)
    await estate.send(DeleteUser(id=before), owner)
    await estate.send(RegisterUser(id=now, email=email, first_name="Ermintrude"), owner)
    await _erased(estate, owner, now)
    assert await readable(estate, owner.tenant_id, email, "Ermintrude") == []


async def test_an_invitation_is_forgotten_by_its_own_id(estate: Estate) -> None:
    owner = await an_owner(estate, uuid4())
    email = f"nobody.{uuid4().hex}@example.com"
    ids = [await _invited(estate, owner, email)]
    ids.append(await _invited(estate, owner, email, instead_of=ids[0]))
    await _erased(estate, owner, ids[0])
    assert await _left(estate, owner.tenant_id, ids) == []
    assert await readable(estate, owner.tenant_id, email) == []


async def test_somebody_known_is_forgotten_as_that_person(estate: Estate) -> None:
    owner = await an_owner(estate, uuid4())
    email, me = f"known.{uuid4().hex}@example.com", uuid4()
    await estate.send(RegisterUser(id=me, email=email, first_name="Known"), owner)
    invited = await _invited(estate, owner, email)
    refusal = await estate.desk.erase(estate.request(owner), invited, reason="")
    assert isinstance(refusal, SubjectIsKnown)
    assert str(me) in refusal.message


async def test_nobody_is_forgotten_or_exported_whom_the_tenant_never_knew(estate: Estate) -> None:
    owner, other = await an_owner(estate, uuid4()), await an_owner(estate, uuid4())
    for stranger in (uuid4(), other.user_id):
        assert isinstance(await estate.desk.erase(estate.request(owner), stranger, reason=""), NotFound)
        assert isinstance(await estate.desk.export(estate.request(owner), stranger), NotFound)


async def test_a_tenant_has_so_many_under_way_and_no_more(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 4
    monkeypatch.setattr(privacy, "AT_ONCE", most)
    owner = await an_owner(estate, uuid4())
    ids = [await _invited(estate, owner, f"n{n}.{uuid4().hex}@example.com") for n in range(most + 1)]
    for id in ids[:most]:
        accepted(await estate.desk.erase(estate.request(owner), id, reason=""))
        accepted(await estate.desk.export(estate.request(owner), id))
    assert isinstance(await estate.desk.erase(estate.request(owner), ids[most], reason=""), TooManyAtOnce)
    assert isinstance(await estate.desk.export(estate.request(owner), ids[most]), TooManyAtOnce)
    async with estate.acting():
        await estate.settled()
        accepted(await estate.desk.erase(estate.request(owner), ids[most], reason=""))
        await estate.settled()


async def test_who_belongs_to_no_tenant_is_forgotten_with_the_account(estate: Estate) -> None:
    id, email = await an_account(estate)
    me = somebody(UUID(int=0), "member", id)
    assert await readable(estate, ACCOUNTS, email)
    async with estate.acting():
        accepted(await estate.desk.erase(estate.request(me), id, reason="I go"))
        await estate.settled()
    key = (erasure_id(id),)
    row = (await estate.rows.get(Erasures, ACCOUNTS, [key]))[key]
    assert row.certified_at is not None
    assert await readable(estate, ACCOUNTS, email) == []
    again = OpenAccount(id=uuid4(), email=email, first_name="Somebody", last_name="Else")
    await estate.send(again, BY_ITSELF)


async def test_an_account_that_belongs_to_a_tenant_by_now_is_not_forgotten(estate: Estate) -> None:
    id, _ = await an_account(estate)
    await estate.send(JoinTenant(id=id, tenant_id=uuid4()), BY_ITSELF)
    refusal = await estate.desk.erase(estate.request(somebody(UUID(int=0), "member", id)), id, reason="")
    assert isinstance(refusal, AccountHasTenants)


async def test_nothing_is_stored_for_who_belongs_to_no_tenant(estate: Estate) -> None:
    nobody = somebody(UUID(int=0), "owner")
    refusal = await estate.bus.send(
        RegisterUser(id=uuid4(), email="n@example.com", first_name="N"), by=nobody
    )
    assert isinstance(refusal, NoTenant)
    with pytest.raises(ValueError, match="belong to a tenant"):
        await estate.ring.ready(UUID(int=0), [uuid4()])


def test_begins_again_when_something_came_to_be_theirs_meanwhile(estate: Estate) -> None:
    process = next(process for process in estate.processes if isinstance(process, PersonErasure))
    me, invitation = str(uuid4()), str(uuid4())
    erasing = rehearse(process, id=erasure_id(UUID(me)))
    erasing.happens(Erasure.Requested(subject_id=UUID(me), requested_by=uuid4()))
    results: tuple[dict[str, object], ...] = (
        {"belongings": [[me, "identity.user"]]},
        {"erased": 1},
        {"whole": True},
        {"purposes": []},
        {"position": 7},
        {},
    )
    for result in results:
        erasing.done(result)
        erasing.decided = erasing.decided[-1:]
    assert erasing.decided == [PersonErasure.Do(step="search")]
    found = {"places": {}, "belongings": [[me, "identity.user"], [invitation, "identity.invitation"]]}
    erasing.done(found).decides(PersonErasure.Do(step="find"))
