"""What all commands have in common: JSON, exit codes, sentences and no tracebacks, and tenants by any name."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from app.cli.main import COMMANDS, program
from app.settings import Settings
from tests.operations.command_line import CommandLine, commands

ID, NOBODY = str(UUID(int=7)), "nobody-is-called-so"
SERVES = {"run", "api", "worker"}
"""They answer nothing: they go on until they are stopped."""
OFFLINE = {"settings", "schema", "catalogue", "certificates", "token metrics", "token service"}
"""They ask no server."""
GIVEN: dict[str, tuple[str, ...]] = {
    "replicate": ("--to", "postgresql://nobody@127.0.0.1:1/nothing", "--once"),
    "rebuild": ("tasks.tasks",),
    "rollback": (ID,),
    "pause": (ID,),
    "resume": (ID,),
    "cancel": (ID,),
    "accept": (ID,),
    "parked show": ("tasks.tasks", ID),
    "parked retry": ("--all",),
    "parked discard": ("tasks.tasks", ID, "--reason", "none"),
    "replay": ("--dry-run",),
    "views show": ("tasks.tasks",),
    "effects retry": ("1",),
    "effects discard": ("1", "--reason", "none"),
    "tenant create": ("Acme", "--slug", "acme"),
    "tenant move": ("acme", "--to", "silo"),
    "tenant suspend": ("acme",),
    "tenant reactivate": ("acme",),
    "tenant close": ("acme", "--yes"),
    "views pause": ("tasks.tasks", "--reason", "none"),
    "views resume": ("tasks.tasks",),
    "views retire": ("tasks.tasks", "--reason", "none"),
    "account suspend": ("ada@example.com",),
    "account reactivate": ("ada@example.com",),
    "account remove-factor": ("ada@example.com", "--yes"),
    "token service": ("--tenant", ID, "--permission", "work:read"),
    "privacy erase": ("acme", ID, "--yes"),
    "privacy export": ("acme", ID),
    "privacy certificates": ("acme",),
    "mask-dump": ("--out", "dump"),
    "certificates": ("certificates", "db"),
}
"""What each needs to be told."""
WORDS = sorted(commands().keys() - SERVES)
ASKING = sorted(set(WORDS) - OFFLINE)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every command is typed in an empty folder."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    return tmp_path / "empty"


@pytest.mark.parametrize("words", WORDS)
def test_answers_in_json_when_asked(words: str) -> None:
    (switch,) = (option for option in commands()[words].params if "--json" in option.opts)
    assert (getattr(switch, "is_flag", False), getattr(switch, "metavar", None)) == (True, "")


@pytest.mark.parametrize("words", ["settings", "schema", "catalogue", "certificates", "token metrics"])
def test_a_document_is_one_compact_line(words: str, settings: Settings) -> None:
    said = CommandLine(settings)(*words.split(), *GIVEN.get(words, ()), "--json")
    assert said.code == 0, said.err
    (line,) = said.out.splitlines()
    assert json.loads(line)
    assert '": ' not in line[:60]


@pytest.mark.parametrize("words", ASKING)
@pytest.mark.parametrize(
    "url", ["postgresql://nobody@127.0.0.1:1/nothing", "postgresql://nobody@/nothing?host=/nowhere"]
)
def test_a_database_that_is_away_is_a_sentence(words: str, url: str, settings: Settings) -> None:
    away = replace(settings, database_url=url, data_dir=Path("nowhere"))
    ended = CommandLine(away)(*words.split(), *GIVEN.get(words, ()))
    assert (ended.code, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert line.startswith("headwater: the database could not be reached: ")


@pytest.mark.parametrize("words", ASKING)
def test_nothing_is_made_where_nothing_was_run(words: str, elsewhere: Path, settings: Settings) -> None:
    bare = Settings(data_dir=Path(".headwater"), cache=settings.cache)
    if words == "migrate":
        return  # It is there to begin.
    ended = CommandLine(bare)(*words.split(), *GIVEN.get(words, ()))
    assert (ended.code, ended.out) == (1 if words == "status" else 2, "")
    (line,) = ended.err.splitlines()
    assert line.startswith(
        ("headwater: Nothing has been run in .headwater yet", "headwater: Headwater is not")
    )
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HEADWATER_DATABASE_URL", "http://db"),
        ("HEADWATER_DATABASE_URL", "postgresql://db:port/x"),
        ("HEADWATER_DATABASE_URL", "postgresql://[::1/x"),
        ("HEADWATER_DATABASE_URL", f"postgresql://{'a' * 70}.example.com/x"),
        ("HEADWATER_DATABASE_URL", "postgresql://db/x?sslmode=maybe"),
        ("HEADWATER_REDIS_URL", "redis://db:port"),
        ("HEADWATER_REDIS_URL", "redis://127.0.0.1:1"),
        ("HEADWATER_OPENSEARCH_URL", "http://db:port"),
        ("HEADWATER_POOL_WRITERS", "many"),
        ("HEADWATER_SECRET", "short"),
    ],
)
@pytest.mark.parametrize("words", ["status", "rebuilds", "replay", "log verify"])
@pytest.mark.usefixtures("headwater")
def test_a_wrong_setting_is_a_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, words: str, variable: str, value: str
) -> None:
    environment = {**settings.environ(), variable: value}
    monkeypatch.setattr(Settings, "environ", lambda self: environment)
    ended = CommandLine(settings)(*words.split(), *GIVEN.get(words, ()))
    if value == "redis://127.0.0.1:1" and words != "replay":
        return  # Only what looks into the stores has to do with it.
    assert (ended.code, ended.out) == (2, ""), ended
    (line,) = ended.err.splitlines()
    assert line.startswith("headwater: ")


TENANTS = [
    words for words in ASKING if any("--tenant" in option.opts for option in commands()[words].params)
] + [
    "tenant move",
    "tenant suspend",
    "tenant reactivate",
    "tenant close",
    "privacy erase",
    "privacy export",
    "privacy certificates",
]


@pytest.mark.parametrize("unknown", [NOBODY, ID])
@pytest.mark.parametrize("words", TENANTS)
def test_a_tenant_that_is_not_there_is_refused(settings: Settings, words: str, unknown: str) -> None:
    given = [unknown if word == "acme" else word for word in GIVEN.get(words, ())]
    if unknown not in given or unknown == ID:
        given += [] if "acme" in GIVEN.get(words, ()) else ["--tenant", unknown]
    ended = CommandLine(settings)(*words.split(), *given, "--json")
    assert ended.code == 1, ended
    refused = {"code": "not_found", "message": f"There is no tenant {unknown}."}
    assert ended.json == {"refused": refused}


HEAVY = {"sqlalchemy", "opensearchpy", "redis", "aiohttp", "starlette", "strawberry", "graphql", "httpx"}


@pytest.mark.parametrize(
    ("words", "unneeded"),
    [
        (["--help"], {*HEAVY, "asyncpg", "domain", "projections", "api"}),
        (["settings"], {*HEAVY, "asyncpg", "domain", "projections", "api"}),
        (["status"], {*HEAVY, "api"}),
        (["rebuild", "--help"], {*HEAVY - {"sqlalchemy"}, "api"}),
    ],
)
@pytest.mark.servers
def test_loads_only_what_it_needs(words: list[str], unneeded: set[str]) -> None:
    script = (
        "import sys; sys.argv[1:] = sys.argv[1:]\n"
        "from app.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(' '.join(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script, *words], check=True, capture_output=True, text=True)
    found = set(ran.stderr.splitlines()[-1].split())
    assert "typer" in found
    assert found & unneeded == set()


@pytest.mark.servers
@pytest.mark.parametrize(
    ("module", "needed", "unneeded"),
    [
        # Neither the API nor what migrates, and a client of search only where there is such a server.
        (
            "app.entry.worker",
            "app.contexts",
            HEAVY - {"sqlalchemy", "redis", "starlette", "graphql", "httpx"},
        ),
        # What refuses to start, or migrates, needs nothing of the contexts.
        ("app.entry.run", "app.embedded.services", {*HEAVY - {"redis", "httpx"}, "domain", "app.contexts"}),
    ],
)
def test_a_process_loads_only_what_it_needs(module: str, needed: str, unneeded: set[str]) -> None:
    """Each process of ours would start later for it."""
    script = f"import sys, {module}; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", script], text=True).split())
    assert needed in loaded
    assert loaded & {*unneeded, "uvicorn", "alembic", "sqlalchemy.ext.asyncio"} == set()


@pytest.mark.servers
def test_help_says_of_each_command_what_it_does() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli", "--help"],
        check=True,
        capture_output=True,
        text=True,
        env={"COLUMNS": "200", "PATH": ""},
    )
    for name, (_, line) in COMMANDS.items():
        assert f" {name} " in ran.stdout
        assert line in ran.stdout
    assert "<bool>" not in ran.stdout


def test_says_its_version() -> None:
    ran = CliRunner().invoke(program(), ["--version"])
    assert (ran.exit_code, ran.stdout) == (0, f"headwater {version('headwater')}\n")


def test_a_command_that_does_not_exist_is_a_mistake(settings: Settings) -> None:
    ended = CommandLine(settings)("statsu")
    assert ended.code == 2
    assert "Did you mean 'status'" in ended.err
