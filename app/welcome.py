"""What ``headwater run`` prints when everything answers: what to open and what to paste."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from app.demo import SignIn

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
  searchTasks(text: "plants") { hits { node { title } highlights { field fragments } } }
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


def welcome(*, url: str, people: Sequence[SignIn], password: str, folder: Path) -> str:
    """The text for the person who started Headwater; ``folder`` is where the data lie.

    The address carries the first person's sign-in in its fragment, which no server is ever sent.
    """
    steps = "\n\n".join(
        f"# {number}. {heading}\n{document}" for number, (heading, document) in enumerate(OPERATIONS, 1)
    )
    width = max(len(one.email) for one in people)
    listed = "\n".join(f"  {one.email.ljust(width)}  {one.role} of {one.company}" for one in people)
    fragment = urlencode({"email": people[0].email, "password": password})
    return f"""
Headwater is running. Open this address and press the button to sign in as
{people[0].role} of {people[0].company}:

{url}/#{fragment}

Then paste these into the page, one after another:

{steps}

Others who can sign in, all with the password {password}:

{listed}

Operators are asked for a code besides; `headwater demo` prints the present one.
Programs: POST {url}/auth/sign-in with email and password, then send Authorization: Bearer ACCESS_TOKEN.
Mail that would be sent lies in {folder / "mail"}, logs in {folder / "logs"}. Ctrl-C stops everything."""
