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
    """The text for the person who started Headwater. ``token`` is a bearer token of the demo tenant."""
    steps = "\n\n".join(f"# {heading}\n{document}" for heading, document in OPERATIONS)
    return f"""
Headwater is running. Open {url} and set this header in the page:

{{ "Authorization": "Bearer {token}" }}

Then paste:

{steps}

Logs: {logs}. Ctrl-C stops everything."""
