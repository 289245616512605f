// A front end's day with the product: a live list over graphql-ws and over graphql-sse while tasks are made,
// then the same messages again from a cursor. Prints one line of JSON.
import { createClient as createSse } from "graphql-sse";
import { createClient as createWs } from "graphql-ws";
import WebSocket from "ws";

const [url, token] = process.argv.slice(2);
const authorization = `Bearer ${token}`;
const clients = {
  ws: createWs({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: { authorization },
    retryAttempts: 0,
  }),
  sse: createSse({ url, headers: { authorization }, retryAttempts: 0 }),
};
const query = `subscription ($from: Position) {
  taskChanged(resumeFrom: $from) { ... on TaskChange { cursor change node { title } } }
}`;

async function create(title) {
  const document = `mutation ($title: String!) {
    createTask(input: { title: $title }) { ... on TaskReceipt { position task { title } } }
  }`;
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ query: document, variables: { title } }),
  });
  return (await response.json()).data.createTask;
}

async function take(client, from, count) {
  const taken = [];
  for await (const { data } of client.iterate({ query, variables: { from } })) {
    taken.push(data.taskChanged);
    if (taken.length === count) break;
  }
  return taken;
}

const before = await create("first");
const result = {};
for (const [name, client] of Object.entries(clients)) {
  // From a known cursor, nothing that happens while the stream opens can be missed.
  const live = take(client, before.position, name === "ws" ? 2 : 4);
  await create(`${name} one`);
  await create(`${name} two`);
  const seen = await live;
  const again = await take(client, seen[0].cursor, seen.length - 1);
  result[name] = {
    titles: seen.map((message) => message.node.title),
    resumed: again.map((message) => message.node.title),
  };
}
console.log(JSON.stringify(result));
await clients.ws.dispose();
clients.sse.dispose();
