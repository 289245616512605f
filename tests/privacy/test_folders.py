"""Files that all tenants share: an erasure takes a tenant's mails to its person, and addresses out of logs."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.mail.folder import FolderMailer
from app.mail.message import Sender
from app.privacy.search.folders import Folders
from app.privacy.search.search import SubjectSearch
from app.privacy.search.traces import SearchedPerson
from domain.identity.registration import RegisterUser
from domain.kit.clock import SystemClock
from domain.kit.mail import Mail
from tests.privacy.estate import Estate
from tests.privacy.people import an_owner

US, THEM = UUID(int=1), UUID(int=2)
ANN = "ann@example.com"


async def _mails(folder: Path) -> None:
    mailer = FolderMailer(folder / "mail", Sender("no-reply@example.com"), SystemClock())
    for number, (tenant, to, text) in enumerate(
        (
            (US, ANN, "Hello"),
            (US, "Ann@Example.com", "Hello"),
            (THEM, ANN, "Hello"),
            (US, "joann@example.com", "Hello"),
            (US, "bob@example.com", f"Ask {ANN} for it."),
            (None, ANN, "Hello"),
        )
    ):
        await mailer.send(Mail(to=to, subject="Hi", text=text, tenant_id=tenant), key=UUID(int=number))


def _wanted(*addresses: str) -> SearchedPerson:
    return SearchedPerson(tenant_id=US, subject_id=uuid4(), everywhere=addresses)


async def test_only_the_tenants_mails_to_the_person_go(tmp_path: Path) -> None:
    await _mails(tmp_path)
    folders = Folders(tmp_path)
    assert len((await folders.look(_wanted(ANN))).plain) == 2
    assert await folders.sweep(_wanted(ANN)) == 2
    left = sorted(UUID(path.stem[-36:]).int for path in (tmp_path / "mail").iterdir())
    assert left == [2, 3, 4, 5]
    assert (await folders.look(_wanted(ANN))).plain == []


async def test_a_log_keeps_all_but_the_address(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "api.log"
    log.parent.mkdir()
    log.write_text("\u00e9 ANN@example.com, joann@example.com ann@example.com.au <ann@example.com>.\n")
    await Folders(tmp_path).sweep(_wanted(ANN))
    stars = "*" * len(ANN)
    assert log.read_text() == f"\u00e9 {stars}, joann@example.com ann@example.com.au <{stars}>.\n"


@pytest.mark.parametrize("name", ["@localhost", "no-reply@example.com"])
async def test_names_are_looked_for_in_no_shared_file(estate: Estate, name: str) -> None:
    owner, me = await an_owner(estate, uuid4()), uuid4()
    email = f"e.{me.hex}@evil.example.com"
    await estate.send(RegisterUser(id=me, email=email, first_name=name), owner)
    search: SubjectSearch = estate.search
    wanted = await search.wanted(owner.tenant_id, me)
    assert wanted.everywhere == (email,)
    assert name in wanted.beside
