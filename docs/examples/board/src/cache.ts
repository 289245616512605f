// The normalized cache: what an edit shows before its answer, and where new tasks go.
import { cacheExchange, type Cache } from "@urql/exchange-graphcache";
import { Listed } from "./documents";
import schema from "./gql/introspection.json";
import type {
  ChangesSubscription,
  ChangeStatusMutationVariables,
  CreateMutation,
  CreateMutationVariables,
  UpdateMutationVariables,
} from "./gql/graphql";

const embedded = () => null;

// Only ids are written: whatever else the list shows may be an edit that is still to be refused.
function add(cache: Cache, { id }: { id: string }): void {
  cache.updateQuery({ query: Listed }, (board) => {
    if (!board?.tasks || board.tasks.edges.some((edge) => edge.node.id === id)) return board;
    const edges = [{ __typename: "TaskEdge", node: { __typename: "Task", id } }, ...board.tasks.edges];
    return { ...board, tasks: { ...board.tasks, edges } };
  });
}

function remove(cache: Cache, id: string): void {
  cache.updateQuery({ query: Listed }, (board) => {
    if (!board?.tasks) return board;
    const edges = board.tasks.edges.filter((edge) => edge.node.id !== id);
    return { ...board, tasks: { ...board.tasks, edges } };
  });
}

const person = (id: string | null) => id && { __typename: "User", id };
const receipt = (task: object) => ({ __typename: "TaskReceipt", task: { __typename: "Task", ...task } });

export const cache = () =>
  cacheExchange({
    schema,
    keys: {
      TaskConnection: embedded,
      TaskEdge: embedded,
      UserConnection: embedded,
      UserEdge: embedded,
      TaskReceipt: embedded,
      Refused: embedded,
      TaskChange: embedded,
      Discontinuity: embedded,
    },
    // Shown until the answer is here; a refusal, which carries no task, takes it back.
    optimistic: {
      createTask: ({ input, commandId }: CreateMutationVariables) =>
        // The command's id becomes the task's, so that this one and the real one are the same.
        receipt({ id: commandId, title: input.title, status: "TODO", version: 0, assignee: null }),
      // What the input leaves out stays as it is, and null clears it.
      updateTask: ({ input: { assignedTo, ...input } }: UpdateMutationVariables) =>
        receipt({ ...input, ...(assignedTo !== undefined && { assignee: person(assignedTo) }) }),
      changeTaskStatus: ({ input }: ChangeStatusMutationVariables) => receipt(input),
    },
    updates: {
      Mutation: {
        createTask: ({ createTask }: CreateMutation, _, cache) => {
          if (createTask.__typename === "TaskReceipt" && createTask.task) add(cache, createTask.task);
        },
      },
      Subscription: {
        taskChanged: ({ taskChanged }: ChangesSubscription, _, cache) => {
          if (taskChanged.__typename !== "TaskChange") return;
          if (taskChanged.kind === "REMOVED") remove(cache, taskChanged.nodeId);
          else if (taskChanged.node) add(cache, taskChanged.node);
        },
      },
    },
  });
