"""One client of the product under load: commands under ids of its own, sent until an answer comes."""

import asyncio
from random import Random
from typing import Any
from uuid import UUID

import httpx

from tests.faults.journal import Journal, Sent
from tests.kit.client import Answer, Client
from tests.kit.documents import operations

_STATUSES = ("TODO", "IN_PROGRESS", "IN_REVIEW")
_PRIORITIES = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
_TAGS = ("red", "green", "blue", "urgent", "later")
_OUR_MISTAKES = ("BAD_USER_INPUT", "FORBIDDEN", "UNAUTHENTICATED", "GRAPHQL_VALIDATION_FAILED")


class Caller:
    """Somebody who works on tasks and projects of their own, so that they know how those must stand.

    ``people`` and ``projects`` are shared by the callers of a tenant, as ids in JSON's form.
    """

    def __init__(
        self, client: Client, chance: Random, journal: Journal, people: list[str], projects: list[str]
    ) -> None:
        self.client = client
        self.titles: dict[str, str] = {}
        """The task's title as of its last receipt."""
        self._chance = chance
        self._journal = journal
        self._people, self._projects = people, projects
        self._own_projects: list[str] = []

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until told to stop; the command at hand is brought to its end."""
        while not stopping.is_set():
            await self._step()
            await asyncio.sleep(self._chance.uniform(0, 0.05))

    async def register(self, name: str) -> None:
        """Make themselves known to the product."""
        email = f"{name}.{self.client.user}@example.com"
        input: dict[str, object] = {"id": self.client.me, "email": email, "firstName": name}
        assert await self.command("RegisterUser", input) is not None
        self._people.append(self.client.me)

    async def command(self, operation: str, input: dict[str, object]) -> int | None:
        """Send a command, with the same id until it is answered: the receipt's position, or None for a
        refusal."""
        id = UUID(int=self._chance.getrandbits(128), version=4)
        journal = self._journal
        journal.sent[id] = Sent(self.client.tenant, operation, input)
        while True:
            answer = await self._ask(operation, {"input": input, "commandId": str(id)})
            data = (answer or {}).get("data") or {"nothing": None}
            # The receipt is good though what it shows could not be read.
            (found,) = data.values()
            if found is None:
                journal.lost += 1
                await asyncio.sleep(self._chance.uniform(0.05, 0.3))
                continue
            if "code" in found:
                journal.refusals[id] = found["code"]
                return None
            journal.repeats += found["repeated"]
            journal.receipts[id] = position = int(found["position"])
            return position

    async def _ask(self, operation: str, variables: dict[str, object]) -> Answer | None:
        """The answer, or None when none came that a client could use."""
        try:
            response = await self.client.post(operations()[operation], variables)
            answer: Answer = response.json()
        except (httpx.HTTPError, ValueError):
            return None
        for error in answer.get("errors", ()):
            code = error.get("extensions", {}).get("code")
            assert code not in _OUR_MISTAKES, f"{operation} {variables}: {error}"
        return answer

    async def _step(self) -> None:
        chance = self._chance
        doing = chance.random()
        if doing < 0.25 or not self.titles:
            await self._create()
        elif doing < 0.75:
            await self._change(chance.choice(list(self.titles)))
        elif doing < 0.9:
            await self._read()
        else:
            await self._project()

    async def _create(self) -> None:
        chance = self._chance
        title = self._title()
        input: dict[str, object] = {"title": title, "priority": chance.choice(_PRIORITIES)}
        input["id"] = id = str(UUID(int=chance.getrandbits(128), version=4))
        if chance.random() < 0.7:
            input["assignedTo"] = chance.choice(self._people)
        if self._projects and chance.random() < 0.7:
            input["projectId"] = chance.choice(self._projects)
        if (position := await self.command("CreateTask", input)) is not None:
            await self._expect(id, title, position)

    async def _change(self, id: str) -> None:
        chance = self._chance
        kind = chance.randrange(11)
        if kind == 0:
            title = self._title()
            if (position := await self.command("RenameTask", {"id": id, "title": title})) is not None:
                await self._expect(id, title, position)
        elif kind == 1:
            await self.command("DescribeTask", {"id": id, "description": f"About {chance.random()}"})
        elif kind in (2, 3):
            await self.command("AssignTask", {"id": id, "assignedTo": chance.choice(self._people)})
        elif kind == 4:
            await self.command("UnassignTask", {"id": id})
        elif kind in (5, 6):
            await self.command("ChangeTaskStatus", {"id": id, "status": chance.choice(_STATUSES)})
        elif kind == 7:
            await self.command(chance.choice(("CompleteTask", "CancelTask", "ReopenTask")), {"id": id})
        elif kind == 8:
            await self.command("ChangeTaskPriority", {"id": id, "priority": chance.choice(_PRIORITIES)})
        elif kind == 9:
            await self.command("TagTask", {"id": id, "tags": chance.sample(_TAGS, chance.randrange(4))})
        else:
            to = chance.choice([None, *self._projects])
            await self.command("MoveTask", {"id": id, "projectId": to})

    async def _project(self) -> None:
        chance = self._chance
        kind = chance.random()
        if kind < 0.4 or not self._own_projects:
            id = str(UUID(int=chance.getrandbits(128), version=4))
            if await self.command("CreateProject", {"id": id, "name": self._title()}) is not None:
                self._own_projects.append(id)
                self._projects.append(id)
            return
        id = chance.choice(self._own_projects)
        if kind < 0.6:
            await self.command("RenameProject", {"id": id, "name": self._title()})
        elif kind < 0.75:
            await self.command("AddProjectMember", {"id": id, "userId": chance.choice(self._people)})
        elif kind < 0.85:
            await self.command("RemoveProjectMember", {"id": id, "userId": chance.choice(self._people)})
        elif kind < 0.95:
            await self.command(chance.choice(("ArchiveProject", "RestoreProject")), {"id": id})
        elif await self.command("DeleteProject", {"id": id}) is not None:
            self._own_projects.remove(id)
            self._projects.remove(id)

    async def _read(self) -> None:
        """Read as a front end does; only that it comes back and does not harm is looked at here."""
        chance = self._chance
        requests: list[tuple[str, dict[str, object]]] = [
            ("Tasks", {"first": 20}),
            ("UserTasks", {"userId": chance.choice(self._people)}),
            ("TaskStats", {"userId": chance.choice(self._people)}),
            ("SearchTasks", {"text": "work", "first": 5}),
        ]
        if self._projects:
            requests.append(("Project", {"id": chance.choice(self._projects)}))
        answer = await self._ask(*chance.choice(requests))
        self._journal.reads += 1
        self._journal.failed += answer is None or "errors" in answer

    async def _expect(self, id: str, title: str, position: int) -> None:
        """Read their own write: the title must be there, unless the answer says that it is stale."""
        self.titles[id] = title
        journal = self._journal
        answer = await self._ask("Task", {"id": id, "afterPosition": str(position)})
        journal.reads += 1
        if answer is None or "errors" in answer:
            journal.failed += 1
        elif answer.get("extensions", {}).get("stale"):
            journal.stale += 1
        elif (found := _title(answer)) != title:
            journal.lies.append(f"task {id} reads {found!r} as of {position}, not {title!r}")

    def _title(self) -> str:
        return f"work {self._chance.getrandbits(40):010x}"


def _title(answer: dict[str, Any]) -> str | None:
    task = answer["data"]["task"]
    return None if task is None else str(task["title"])
