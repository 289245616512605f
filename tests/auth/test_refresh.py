"""Refresh tokens: each good once, and an old one ends the session."""

import asyncio
import base64
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from app.auth.sessions import RefreshTokens
from app.storage.database import Connection
from domain.identity.sessions import (
    AT_ONCE,
    Ending,
    EndSession,
    ExpireSession,
    RefreshedJustNow,
    RefreshSession,
    Session,
    SessionIsOver,
    SessionLasts,
)
from domain.kit.clock import at
from domain.kit.events import Event
from domain.kit.process.process_scenario import rehearse
from domain.kit.scenario import NOON, given
from domain.processes.session_expiry import SessionExpiry
from tests.auth.people import post, refusal, registered
from tests.kit.product import Product

SESSION, USER = UUID(int=7), UUID(int=8)
STARTED = Session.Started(
    user_id=USER,
    tenant_id=None,
    token_hash="t0",
    refresh_hash="r0",
    expires_at=NOON + timedelta(days=14),
    method="password",
)
REFRESH = RefreshSession(id=SESSION, presented="r0", refresh_hash="r1", token_hash="t1")
REUSED = Session.Ended(reason=Ending.REUSED, user_id=USER)
ROTATED = Session.Rotated(token_hash="t1", refresh_hash="r1", expires_at=NOON + timedelta(days=14))


def test_the_newest_token_gets_the_next() -> None:
    given(STARTED).when(REFRESH).then(ROTATED)


def test_the_token_before_ends_the_session_when_it_comes_late() -> None:
    session = _refreshed(_session(), NOON)
    assert _decided(session, REFRESH, NOON + AT_ONCE + timedelta(seconds=1)) == [REUSED]


def test_a_token_from_long_ago_ends_the_session_at_once() -> None:
    session = _refreshed(_refreshed(_session(), NOON), NOON)
    assert _decided(session, REFRESH, NOON) == [REUSED]


def test_the_token_before_is_only_refused_right_after() -> None:
    given(STARTED, ROTATED).when(REFRESH).refused(RefreshedJustNow)


def test_a_session_that_has_run_out_is_not_refreshed() -> None:
    gone = replace(STARTED, expires_at=NOON)
    given(gone).when(REFRESH).refused(SessionIsOver)


def test_a_session_lasts_thirty_days_however_often_it_is_refreshed() -> None:
    session = _session()
    for day in (10, 20, 29):
        session = _refreshed(session, NOON + timedelta(days=day))
    assert session.expires == NOON + timedelta(days=30)


def test_ending_twice_is_once() -> None:
    ended = Session.Ended(reason=Ending.SIGNED_OUT, user_id=USER)
    given(STARTED).when(EndSession(id=SESSION)).then(Session.Ended(reason=Ending.REVOKED, user_id=USER))
    given(STARTED, ended).when(EndSession(id=SESSION)).then()


def test_a_session_whose_time_is_over_is_ended() -> None:
    expired = Session.Ended(reason=Ending.EXPIRED, user_id=USER)
    given(replace(STARTED, expires_at=NOON)).when(ExpireSession(id=SESSION)).then(expired)
    given(STARTED).when(ExpireSession(id=SESSION)).refused(SessionLasts)


def test_the_end_of_a_session_moves_with_every_refresh() -> None:
    process = rehearse(SessionExpiry()).happens(STARTED)
    assert process.timers == {"expire": STARTED.expires_at}
    later = replace(ROTATED, expires_at=NOON + timedelta(days=20))
    assert process.happens(later).timers == {"expire": later.expires_at}
    assert process.due("expire").decided == [ExpireSession(id=UUID(int=1))]
    assert process.failed("session_lasts").decided == []
    assert process.happens(REUSED).timers == {}


def test_only_our_own_tokens_are_read() -> None:
    tokens, others = RefreshTokens("ab" * 32), RefreshTokens("cd" * 32)
    token = tokens.new(SESSION)
    read = tokens.read(token)
    assert read is not None
    assert read.session_id == SESSION
    head, secret = token[: -len(token.rsplit("_", 1)[1])], token.split("_", 3)[3]
    assert others.read(token) is None
    for bad in ("", "hw_refresh_x_y", f"hw_refresh_{uuid4().hex}_{secret}", token[:-4], f"{token}=", head):
        assert tokens.read(bad) is None
    raw = base64.urlsafe_b64decode(secret)
    forged = base64.urlsafe_b64encode(bytes([raw[0] ^ 1]) + raw[1:]).decode()
    assert tokens.read(f"hw_refresh_{SESSION.hex}_{forged}") is None


async def test_a_stolen_token_that_was_used_ends_the_whole_family(
    product: Product, owner: Connection
) -> None:
    ada = await registered(product)
    stolen = ada.given["refreshToken"]
    first = (await post(product.http, "refresh", {"refreshToken": stolen})).json()
    first = (await post(product.http, "refresh", {"refreshToken": first["refreshToken"]})).json()
    assert refusal(await post(product.http, "refresh", {"refreshToken": stolen})) == (401, "refresh_refused")
    newest = await post(product.http, "refresh", {"refreshToken": first["refreshToken"]})
    assert refusal(newest) == (401, "refresh_refused")
    shown = await product.http.post(
        "/graphql",
        json={"query": "{ mySessions { nodes { id } } }"},
        headers={"authorization": f"Bearer {first['accessToken']}"},
    )
    assert shown.status_code == 401
    reason = await owner.fetchval(
        "select reason from auth.user_sessions where session_id = $1", UUID(ada.given["sessionId"])
    )
    assert reason == "reused"


async def test_of_two_at_the_same_moment_one_wins_and_the_session_goes_on(product: Product) -> None:
    ada = await registered(product)
    body = {"refreshToken": ada.given["refreshToken"]}
    answers = await asyncio.gather(*(post(product.http, "refresh", body) for _ in range(8)))
    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {refusal(answer) for answer in answers if answer.status_code != 200} == {
        (409, "refreshed_just_now")
    }
    assert (await post(product.http, "refresh", {"refreshToken": won[0]["refreshToken"]})).status_code == 200


async def test_signing_in_never_takes_over_a_session_that_the_client_held(product: Product) -> None:
    ada = await registered(product)
    body = {
        "email": ada.email,
        "password": ada.password,
        "sessionId": ada.given["sessionId"],
        "refreshToken": ada.given["refreshToken"],
    }
    fresh = await post(product.http, "sign-in", body, ada.given["accessToken"])
    assert fresh.json()["sessionId"] != ada.given["sessionId"]


async def test_only_hashes_are_kept(product: Product, owner: Connection) -> None:
    ada = await registered(product)
    row = await owner.fetch("select * from auth.sessions where id = $1", UUID(ada.given["sessionId"]))
    stored = repr(row) + repr(await owner.fetch("select payload from es.events where type like 'identity.%'"))
    for secret in (ada.given["refreshToken"], ada.given["accessToken"], ada.password):
        assert secret not in stored


def _session() -> Session:
    session: Session = STARTED.stamped(SESSION, 1, NOON).mutate(None)
    return session


def _refreshed(session: Session, moment: datetime) -> Session:
    number = session.version
    command = RefreshSession(
        id=SESSION,
        presented=session.refresh_hash,
        refresh_hash=f"r{number}",
        token_hash=f"t{number}",
    )
    _decided(session, command, moment)
    return session


def _decided(session: Session, command: RefreshSession, moment: datetime) -> list[Event]:
    with at(moment):
        command.handle(session, moment)
    return session.decided()
