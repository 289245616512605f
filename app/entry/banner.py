"""What ``headwater run`` prints when everything answers: what to open and what to paste."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from app.demo.demo import DemoSignIn

OPERATIONS = (
    (
        "Create a task, and note the position in the answer.",
        """\
mutation {
  createTask(input: { title: "Water the plants" }) {
    ... on TaskReceipt { position task { id title status } }
    ... on Refused { code message field }
  }
}""",
    ),
    (
        "Read what you wrote; with `afterPosition: POSITION` the answer is never older than that.",
        """\
query {
  tasks(first: 3) { nodes { id title status } }
  searchTasks(text: "plants") { edges { node { title } highlights { field fragments } } }
}""",
    ),
    (
        "Watch tasks change, while you create another one in a second tab.",
        """\
subscription {
  taskChanged { ... on TaskChange { cursor change node { title status } } }
}""",
    ),
)
"""A heading and a document each; a test validates the documents against the schema."""


def welcome(
    *,
    url: str,
    people: "Sequence[DemoSignIn]",
    password: str,
    folder: Path,
    page: bool = True,
    files: bool = True,
) -> str:
    """The text for the person who started Headwater; ``folder`` is where the data lie.

    ``page``: there is GraphiQL; ``files``: mail becomes files. The address carries the first sign-in in its
    fragment, which no server is ever sent.
    """
    width = max(len(person.email) for person in people)
    listed = "\n".join(
        f"  {person.email.ljust(width)}  {person.role} of {person.company}" for person in people
    )
    mail = f"Mail that would be sent lies in {folder / 'mail'}, logs" if files else "Logs lie"
    bare = f"Headwater is running at {url}, without a page: HEADWATER_GRAPHIQL is off."
    return f"""
{_page(url, people[0], password) if page else bare}

{"Others" if page else "People"} who can sign in, all with the password {password}:

{listed}

Operators are asked for a code besides; `headwater demo` prints the present one.
Programs: POST {url}/auth/sign-in with email and password, then send Authorization: Bearer ACCESS_TOKEN.
{mail} in {folder / "logs"}. Ctrl-C stops everything."""


def _page(url: str, first: "DemoSignIn", password: str) -> str:
    steps = "\n\n".join(
        f"# {number}. {heading}\n{document}" for number, (heading, document) in enumerate(OPERATIONS, 1)
    )
    fragment = urlencode({"email": first.email, "password": password})
    return f"""\
Headwater is running. Open this address and press the button to sign in as
{first.role} of {first.company}:

{url}/#{fragment}

Then paste these into the page, one after another:

{steps}"""
