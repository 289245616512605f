// What lives as long as somebody looks: subscriptions over graphql-ws and graphql-sse while tokens run out and the
// API is killed. Prints "renewed" once each has connected four times, then one line of JSON with what each heard,
// once each has heard of a task called "after …". The file of the third argument holds a token that is good by then.
import { createClient as createSse } from "graphql-sse";
import { createClient as createWs } from "graphql-ws";
import { readFileSync } from "node:fs";
import WebSocket from "ws";

const [url, , place] = process.argv.slice(2);
const credentials = () => ({ authorization: `Bearer ${readFileSync(place, "utf8")}` });
const query = `subscription ($from: Position) {
  taskChanged(resumeFrom: $from) { ... on TaskChange { cursor node { title } } ... on Discontinuity { code } }
}`;
const connected = {};
const heard = {};

function client(name) {
  const on = { connected: () => (connected[name] = (connected[name] ?? 0) + 1) };
  return name.startsWith("ws")
    ? createWs({ url: url.replace("http", "ws"), webSocketImpl: WebSocket, connectionParams: credentials, on })
    : createSse({ url, headers: credentials, on });
}

async function follow(name) {
  let last = null;
  heard[name] = [];
  // Read anew for each connection: what is given once would be asked for again from there.
  const resuming = { query, get variables() { return { from: last }; } };
  const request = name.endsWith("resuming") ? resuming : { query };
  for await (const { data, errors } of client(name).iterate(request)) {
    if (errors) throw new Error(JSON.stringify(errors));
    const { cursor, node, code } = data.taskChanged;
    last = cursor ?? last;
    heard[name].push(code ?? node.title);
    if (node?.title.startsWith("after ")) return;
  }
  throw new Error(`${name} was completed`);
}

const names = ["ws", "sse", "ws resuming", "sse resuming"];
const watching = setInterval(() => {
  if (names.some((name) => !(connected[name] > 3))) return;
  clearInterval(watching);
  console.log("renewed");
}, 50);
await Promise.all(names.map(follow));
console.log(JSON.stringify(heard));
process.exit(0);
