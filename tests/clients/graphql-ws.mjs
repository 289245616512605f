// What the graphql-ws client gets from the server, as one line of JSON.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, token] = process.argv.slice(2);
const connect = (connectionParams) =>
  createClient({ url, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0, lazy: true });

async function all(client, payload, most = Infinity) {
  const results = [];
  try {
    for await (const result of client.iterate(payload)) {
      results.push(result);
      if (results.length === most) break;
    }
  } catch (error) {
    results.push(Array.isArray(error) ? { errors: error } : { code: error.code, reason: error.reason });
  }
  return results;
}

const client = connect(async () => ({ authorization: `Bearer ${token}` }));
console.log(
  JSON.stringify({
    query: await all(client, { query: "query Q($n: String!) { hello(name: $n) }", variables: { n: "Bö" } }),
    subscription: await all(client, { query: "subscription { countdown(start: 2) }" }),
    live: (await all(client, { query: "subscription { ticks { __typename } }" }, 3)).length,
    together: await Promise.all(
      [1, 2, 3].map((start) => all(client, { query: `subscription { countdown(start: ${start}) }` })),
    ).then((lists) => lists.map((list) => list.length)),
    invalid: (await all(client, { query: "{ nothing }" }))[0].errors[0].extensions.code,
    stranger: await all(connect({ token: "wrong" }), { query: "{ hello }" }),
  }),
);
await client.dispose();
