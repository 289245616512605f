"""Tasks over REST, for programs that speak nothing else: create, show, list and search."""

from api.kit.http.rest import RestRoute

_FIELDS = """
fragment TaskFields on Task {
  id title description status priority dueDate tags createdAt updatedAt completedAt
  creator { id name } assignee { id name } project { id name }
}
"""
_FILTER = frozenset(
    {
        "status",
        "priority",
        "assignedTo",
        "projectId",
        "dueFrom",
        "dueBefore",
        "first",
        "after",
        "afterPosition",
    }
)
_CREATE = """
mutation RestCreateTask($input: CreateTaskInput!, $commandId: ID) {
  createTask(input: $input, commandId: $commandId) {
    __typename
    ... on TaskReceipt { commandId position repeated task { ...TaskFields } }
    ... on Refused { code message field violations { path code message minimum maximum } }
  }
}
"""
_LIST = """
query RestTasks(
  $status: [TaskStatus!], $priority: [TaskPriority!], $assignedTo: ID, $projectId: ID, $tag: [String!]
  $dueFrom: DateTime, $dueBefore: DateTime, $text: String
  $orderBy: TaskOrder! = CREATED_AT, $direction: Direction! = DESC
  $first: Int, $after: String, $last: Int, $before: String, $afterPosition: Position
) {
  tasks(
    filter: {
      status: {in: $status}, priority: {in: $priority}, assignedTo: {eq: $assignedTo}
      projectId: {eq: $projectId}, tags: {contains: $tag}, dueDate: {gte: $dueFrom, lt: $dueBefore}, text: $text
    }
    orderBy: $orderBy, direction: $direction
    first: $first, after: $after, last: $last, before: $before, afterPosition: $afterPosition
  ) {
    nodes { ...TaskFields }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
_SEARCH = """
query RestSearchTasks(
  $q: String!, $status: [TaskStatus!], $priority: [TaskPriority!], $assignedTo: ID, $projectId: ID
  $tag: [String!], $dueFrom: DateTime, $dueBefore: DateTime
  $first: Int, $after: String, $afterPosition: Position
) {
  searchTasks(
    text: $q, first: $first, after: $after, afterPosition: $afterPosition
    filter: {
      status: {in: $status}, priority: {in: $priority}, assignedTo: {eq: $assignedTo}
      projectId: {eq: $projectId}, tags: {contains: $tag}, dueDate: {gte: $dueFrom, lt: $dueBefore}
    }
  ) {
    source totalCount
    edges { cursor score highlights { field fragments } node { ...TaskFields } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
_SHOW = """
query RestTask($id: ID!, $afterPosition: Position) {
  task(id: $id, afterPosition: $afterPosition) { ...TaskFields }
}
"""

ROUTES: tuple[RestRoute, ...] = (
    RestRoute(method="POST", path="/tasks", document=_CREATE + _FIELDS, status=201),
    RestRoute(
        method="GET",
        path="/tasks",
        document=_LIST + _FIELDS,
        parameters=_FILTER | {"tag", "text", "orderBy", "direction", "last", "before"},
        lists=frozenset({"status", "priority", "tag"}),
        numbers=frozenset({"first", "last"}),
    ),
    RestRoute(
        method="GET",
        path="/tasks/search",
        document=_SEARCH + _FIELDS,
        parameters=_FILTER | {"q", "tag"},
        lists=frozenset({"status", "priority", "tag"}),
        numbers=frozenset({"first"}),
    ),
    RestRoute(
        method="GET",
        path="/tasks/{id}",
        document=_SHOW + _FIELDS,
        parameters=frozenset({"afterPosition"}),
    ),
)
