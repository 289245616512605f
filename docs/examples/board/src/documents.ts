// What the board asks of the API. `npm run codegen` compares it with the schema and generates its types.
import { graphql } from "./gql";

export const Card = graphql(`
  fragment Card on Task { id title status version assignee { id name } }
`);

export const Board = graphql(`
  query Board {
    tasks(first: 100, orderBy: CREATED_AT, direction: DESC) { edges { node { ...Card } } }
  }
`);

/** Which tasks the board has, for the cache to add to. */
export const Listed = graphql(`
  query Listed {
    tasks(first: 100, orderBy: CREATED_AT, direction: DESC) { edges { node { id } } }
  }
`);

export const Users = graphql(`
  query Users { users(first: 100) { edges { node { id name } } } }
`);

export const Changes = graphql(`
  subscription Changes($resumeFrom: Position) {
    taskChanged(resumeFrom: $resumeFrom) {
      __typename
      ... on TaskChange { cursor kind nodeId node { ...Card } }
      ... on Discontinuity { cursor reason }
    }
  }
`);

// Each mutation carries an id of its own: sent twice with the same id, it is executed once.

export const Create = graphql(`
  mutation Create($input: CreateTaskInput!, $commandId: ID!) {
    createTask(input: $input, commandId: $commandId) {
      __typename
      ... on TaskReceipt { task { ...Card } }
      ... on Refused { message }
    }
  }
`);

export const Update = graphql(`
  mutation Update($input: UpdateTaskInput!, $commandId: ID!) {
    updateTask(input: $input, commandId: $commandId) {
      __typename
      ... on TaskReceipt { task { ...Card } }
      ... on Refused { message }
    }
  }
`);

export const ChangeStatus = graphql(`
  mutation ChangeStatus($input: ChangeTaskStatusInput!, $commandId: ID!) {
    changeTaskStatus(input: $input, commandId: $commandId) {
      __typename
      ... on TaskReceipt { task { ...Card } }
      ... on Refused { message }
    }
  }
`);
