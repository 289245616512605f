"""What ``headwater run`` prints when everything answers: what to open and what to paste."""

from pathlib import Path

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


def welcome(*, url: str, token: str, logs: Path) -> str:
    """The text for the person who started Headwater. ``token`` is a bearer token of the demo tenant.

    The address carries it in its fragment, which the page takes over and no server is ever sent.
    """
    steps = "\n\n".join(
        f"# {number}. {heading}\n{document}" for number, (heading, document) in enumerate(OPERATIONS, 1)
    )
    return f"""
Headwater is running. Open this address, which signs you in to the demo tenant:

{url}/#token={token}

Then paste these into the page, one after another:

{steps}

Programs send the same token as a header: Authorization: Bearer TOKEN.
Logs: {logs}. Ctrl-C stops everything."""
