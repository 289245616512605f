"""Exports: what the file holds, who may have it, and that it is never half a file."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from starlette.applications import Starlette

from api.kit.execution.errors import Unauthenticated
from app.audit.access_writer import recording
from app.cli.place import asker
from app.privacy.export.sections import PARTS
from app.privacy.routes import Exported, export_routes
from domain.governance.erasures import UserIsErased
from domain.governance.exports import RequestExport
from domain.kit.caller import Caller
from domain.kit.refusals import Forbidden
from domain.work.project_commands import AddProjectMember, CreateProject
from domain.work.projects import Visibility
from domain.work.task_commands import CreateTask, MoveTask, RenameTask
from projections.governance.exports import ExportState
from tests.operations.command_line import CommandLine
from tests.privacy.estate import Estate, accepted, somebody
from tests.privacy.people import BIO, FIRST, LAST, Person, a_member, an_account, an_owner, some_work


async def _exported(estate: Estate, by: Caller, subject: UUID) -> UUID:
    """The id of an export that is finished."""
    request = estate.request(by)
    async with estate.acting():
        accepted(await estate.desk.export(request, subject))
        await estate.settled()
    return request.command_id


async def _ann(estate: Estate) -> tuple[Caller, Person]:
    owner = await an_owner(estate, uuid4())
    return owner, await a_member(estate, owner, *await an_account(estate))


async def _document(estate: Estate, tenant: UUID, id: UUID) -> Any:
    found = await estate.files.read(tenant, id)
    assert found is not None
    return json.loads(b"".join(found))


async def test_holds_what_is_kept_about_a_person(estate: Estate) -> None:
    owner, ann = await _ann(estate)
    await some_work(estate, owner, ann)
    await estate.house.followed()
    document = await _document(estate, owner.tenant_id, await _exported(estate, ann.caller, ann.id))
    assert list(document) == ["personal_data", "activity_data", "additional_data", "generated_at", "format"]
    assert list(document["personal_data"]) == ["user", "profile"]
    sections = [part.name for part in PARTS if part.section == "activity_data"]
    assert sections[:4] == ["tasks", "projects", "activities", "events"]
    assert list(document["activity_data"]) == sections
    more = document["additional_data"]
    assert list(more) == [part.name for part in PARTS if part.section == "additional_data"]
    assert document["format"] == "JSON"
    user, profile = document["personal_data"].values()
    assert user["email"] == ann.email
    assert "email_key" not in user
    assert (profile["first_name"], profile["last_name"], profile["bio"]) == (FIRST, LAST, BIO)
    assert len(document["activity_data"]["tasks"]) == 4
    assert [project["name"] for project in document["activity_data"]["projects"]] == ["Barometers"]
    assert [len(more[name]) for name in ("sessions", "consents", "notifications")] == [1, 2, 1]
    [session] = more["sessions"]
    assert (session["ip_address"], session["user_agent"]) == ("203.0.113.77", "Annabella's browser")
    assert more["account"]["email"] == ann.email


async def test_holds_nothing_of_other_people(estate: Estate) -> None:
    owner, ann = await _ann(estate)
    await some_work(estate, owner, ann)
    await estate.house.followed()
    text = json.dumps(await _document(estate, owner.tenant_id, await _exported(estate, ann.caller, ann.id)))
    assert str(owner.user_id) not in text
    assert "hw1." not in text
    assert str(ann.id) in text


async def test_holds_nothing_of_work_that_the_person_may_no_longer_see(estate: Estate) -> None:
    owner, ann = await _ann(estate)
    task, secret = uuid4(), uuid4()
    await estate.send(CreateTask(id=task, title="Barometers", assigned_to=ann.id), owner)
    await estate.send(CreateProject(id=secret, name="Zanzibar", visibility=Visibility.PRIVATE), owner)
    await estate.send(MoveTask(id=task, project_id=secret), owner)
    await estate.send(RenameTask(id=task, title="Buy Zanzibar"), owner)
    await estate.house.followed()
    text = json.dumps(await _document(estate, owner.tenant_id, await _exported(estate, ann.caller, ann.id)))
    assert "Zanzibar" not in text
    assert str(secret) not in text
    await estate.send(AddProjectMember(id=secret, user_id=ann.id), owner)
    await estate.house.followed()
    text = json.dumps(await _document(estate, owner.tenant_id, await _exported(estate, ann.caller, ann.id)))
    assert "Buy Zanzibar" in text


async def test_is_on_record_with_its_parts(estate: Estate) -> None:
    owner, ann = await _ann(estate)
    id = await _exported(estate, ann.caller, ann.id)
    row = await estate.desk.newest_export(owner.tenant_id, ann.id)
    assert row is not None
    assert (row.id, row.state, row.done, row.parts) == (id, ExportState.FINISHED, len(PARTS), len(PARTS))
    assert row.finished_at is not None
    assert row.expires_at is not None
    assert 6.9 < (row.expires_at - row.finished_at).total_seconds() / 86_400 <= 7
    assert row.part == PARTS[-1].path


async def test_others_are_exported_by_who_may(estate: Estate) -> None:
    owner, ann = await _ann(estate)
    refusal = await estate.desk.export(estate.request(ann.caller), owner.user_id)
    assert isinstance(refusal, Forbidden)
    accepted(await estate.desk.export(estate.request(owner), ann.id))


async def test_lies_encrypted_and_goes_with_the_person(estate: Estate) -> None:
    owner, ann = await _ann(estate)
    id = await _exported(estate, ann.caller, ann.id)
    path = estate.settings.data_dir / "exports" / str(owner.tenant_id) / f"{id}.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert ann.email.encode() not in path.read_bytes()
    kept = path.read_bytes()
    async with estate.acting():
        accepted(await estate.desk.erase(estate.request(ann.caller), ann.id, reason=""))
        await estate.settled()
    assert not path.exists()
    row = await estate.desk.export_row(owner.tenant_id, id)
    assert row is not None
    assert row.state is ExportState.ERASED
    answer = await _status(estate, id, somebody(owner.tenant_id, "member", ann.id))
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "erased")
    # A copy, as a backup has it, does not open either.
    path.write_bytes(kept)
    assert await estate.files.read(owner.tenant_id, id) is None


async def _status(estate: Estate, id: UUID | str, caller: Caller | None) -> httpx.Response:
    async def authenticate(headers: object) -> Caller:
        if caller is None:
            raise Unauthenticated("Send a token.")
        return caller

    async with recording(estate.database.writer) as access_log:

        async def place(caller: Caller) -> Exported:
            return Exported(desk=estate.desk, files=estate.files, access_log=access_log)

        app = Starlette(routes=export_routes(authenticate, place))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(f"/exports/{id}")


async def test_who_fetched_it_is_on_record_with_whose_it_is(estate: Estate) -> None:
    owner, ann = await _ann(estate)
    id = await _exported(estate, owner, ann.id)
    nosy = somebody(owner.tenant_id, "member")
    for caller in (owner, nosy):
        await _status(estate, id, caller)
    rows = await estate.database.writer.fetch(
        "select user_id, operation, subjects, revealed, outcome from audit.data_access where tenant_id = $1",
        owner.tenant_id,
    )
    assert {(row["user_id"], row["outcome"], *row["revealed"]) for row in rows} == {
        (owner.user_id, "done", "file"),
        (nosy.user_id, "denied"),
    }
    assert {(row["operation"], *row["subjects"]) for row in rows} == {("GET /exports/{id}", ann.id)}


async def test_the_command_line_is_on_record_though_the_file_cannot_be_written(
    estate: Estate, tmp_path: Path
) -> None:
    owner, ann = await _ann(estate)
    headwater = CommandLine(estate.settings)
    words = ("privacy", "export", str(owner.tenant_id), str(ann.id), "--out")
    async with estate.acting():
        kept = await asyncio.to_thread(headwater, *words, str(tmp_path / "file"))
        lost = await asyncio.to_thread(headwater, *words, str(tmp_path / "no" / "file"))
    assert (kept.code, (tmp_path / "file").stat().st_mode & 0o777) == (0, 0o600)
    assert lost.code != 0
    rows = await estate.database.writer.fetch(
        "select operation, subjects, kind, asked_by from audit.data_access where tenant_id = $1",
        owner.tenant_id,
    )
    assert [tuple(row) for row in rows] == [("headwater privacy export", [ann.id], "operator", asker())] * 2


async def test_no_export_of_somebody_erased_is_begun(estate: Estate, tmp_path: Path) -> None:
    owner, ann = await _ann(estate)
    words = ("privacy", "export", str(owner.tenant_id), str(ann.id), "--out", str(tmp_path / "file"))
    async with estate.acting():
        accepted(await estate.desk.erase(estate.request(owner), ann.id, reason=""))
        await estate.settled()
    request = estate.request(owner)
    refusal = await estate.desk.export(request, ann.id)
    assert isinstance(refusal, UserIsErased)
    assert refusal.field == "subject_id"
    assert await estate.desk.export_row(owner.tenant_id, request.command_id) is None
    said = await asyncio.to_thread(CommandLine(estate.settings), *words)
    assert (said.code, "This user was erased already" in said.err) == (1, True), said
    assert not (tmp_path / "file").exists()


async def test_an_export_whose_person_is_erased_before_it_is_written_ends_as_erased(estate: Estate) -> None:
    owner, ann = await _ann(estate)
    id = uuid4()
    async with estate.acting():
        accepted(await estate.desk.erase(estate.request(owner), ann.id, reason=""))
        await estate.settled()
        # As if it had been asked for just before.
        await estate.send(RequestExport(id=id, subject_id=ann.id), owner)
        await estate.settled()
    row = await estate.desk.export_row(owner.tenant_id, id)
    assert row is not None
    assert (row.state, row.error) == (ExportState.ERASED, "")
    answer = await _status(estate, id, owner)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "erased")


async def test_is_fetched_by_the_person_or_who_may(estate: Estate) -> None:
    owner, ann = await _ann(estate)
    id = await _exported(estate, owner, ann.id)
    for caller in (ann.caller, owner):
        response = await _status(estate, id, caller)
        assert response.status_code == 200
        assert response.json()["personal_data"]["user"]["email"] == ann.email
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["content-disposition"].startswith("attachment")
    others = [somebody(owner.tenant_id, "member"), somebody(uuid4()), somebody(uuid4(), "member", ann.id)]
    assert [(await _status(estate, id, other)).status_code for other in others] == [404] * 3
    assert (await _status(estate, id, None)).status_code == 401
    assert (await _status(estate, "..%2f..%2fsecret", ann.caller)).status_code == 404


async def test_what_somebody_asked_for_themself_nobody_else_is_given(estate: Estate) -> None:
    """It tells of their account as well, which is no business of the tenant."""
    owner, ann = await _ann(estate)
    id = await _exported(estate, ann.caller, ann.id)
    assert [(await _status(estate, id, caller)).status_code for caller in (ann.caller, owner)] == [200, 404]
    ours = await _document(estate, owner.tenant_id, await _exported(estate, owner, ann.id))
    own = {part.name for part in PARTS if part.own}
    assert not own & ours["additional_data"].keys()
    # Where else somebody signs in is left out with them.
    assert "in_tenant" not in ours["additional_data"]["sessions"][0]


async def test_cannot_be_fetched_before_it_is_whole(estate: Estate) -> None:
    _, ann = await _ann(estate)
    subject = estate.request(ann.caller)
    accepted(await estate.desk.export(subject, ann.id))
    await estate.house.followed()
    assert (await _status(estate, subject.command_id, ann.caller)).status_code == 409


async def test_what_a_try_has_left_goes_with_the_next(estate: Estate) -> None:
    owner, ann = await _ann(estate)

    async def wrote(part: str, records: int, done: int, parts: int) -> None: ...

    id = uuid4()
    folder = estate.settings.data_dir / "exports" / str(owner.tenant_id)
    folder.mkdir(parents=True)
    (folder / f".{id}.json.1.aa.part").write_bytes(b"half")
    await estate.files.write(owner.tenant_id, id, ann.id, by_themself=True, wrote=wrote)
    assert [path.name for path in folder.iterdir()] == [f"{id}.json"]
