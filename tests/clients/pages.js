// What Relay's own ways do with the product: a list by pages (@refetchable, @connection), and an object again by its id.
import { ConnectionHandler, ROOT_ID, createOperationDescriptor, fetchQuery, getFragment } from "relay-runtime";
import { getPaginationMetadata, getRefetchMetadata, getRequest, getSingularSelector, graphql } from "relay-runtime";
import { environment } from "./board.js";

const SIZE = 10;
const query = graphql`
  query pagesQuery($first: Int!) {
    ...pages_list @arguments(first: $first)
  }
`;
const list = getFragment(graphql`
  fragment pages_list on Query @argumentDefinitions(first: { type: "Int!" }, after: { type: "String" })
    @refetchable(queryName: "pagesListQuery") {
    tasks(first: $first, after: $after) @connection(key: "pages_tasks") {
      edges { node { id title ...pages_task } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);
const task = getFragment(graphql`
  fragment pages_task on Task @refetchable(queryName: "pagesTaskQuery") { id title version }
`);

export const connection = ConnectionHandler.getConnectionID(ROOT_ID, "pages_tasks");
const operation = createOperationDescriptor(getRequest(query), { first: SIZE });

function shown() {
  const { data } = environment.lookup(operation.fragment);
  return environment.lookup(getSingularSelector(list, data)).data.tasks;
}

// The titles in the list, after so many further pages.
export async function paged(most = Infinity) {
  if (most) environment.retain(operation);
  if (most) await fetchQuery(environment, query, { first: SIZE }).toPromise();
  const { paginationRequest } = getPaginationMetadata(list, "pages");
  for (let count = 0; count < most && shown().pageInfo.hasNextPage; count += 1) {
    const variables = { first: SIZE, after: shown().pageInfo.endCursor };
    await fetchQuery(environment, paginationRequest, variables).toPromise();
  }
  return shown().edges.map(({ node }) => node.title);
}

// The title of the object that was shown under this one, read again.
export async function refetched(title) {
  const { node } = shown().edges.find((edge) => edge.node.title === title);
  const { refetchableRequest } = getRefetchMetadata(task, "pages");
  const answer = await fetchQuery(environment, refetchableRequest, { id: node.id }).toPromise();
  return environment.lookup(getSingularSelector(task, answer.node)).data.title;
}
