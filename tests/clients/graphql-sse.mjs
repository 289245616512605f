// What the graphql-sse client gets from the server, as one line of JSON.
import { createClient } from "graphql-sse";

const [url, token] = process.argv.slice(2);
const connect = (token) =>
  createClient({ url, headers: { authorization: `Bearer ${token}` }, retryAttempts: 0 });

async function all(client, payload, most = Infinity) {
  const results = [];
  try {
    for await (const result of client.iterate(payload)) {
      results.push(result);
      if (results.length === most) break;
    }
  } catch (error) {
    results.push({ status: error.response?.status ?? String(error) });
  }
  return results;
}

const client = connect(token);
console.log(
  JSON.stringify({
    query: await all(client, { query: "query Q($n: String!) { hello(name: $n) }", variables: { n: "Bö" } }),
    subscription: await all(client, { query: "subscription { countdown(start: 2) }" }),
    live: (await all(client, { query: "subscription { ticks { __typename } }" }, 3)).length,
    together: await Promise.all(
      [1, 2, 3].map((start) => all(client, { query: `subscription { countdown(start: ${start}) }` })),
    ).then((lists) => lists.map((list) => list.length)),
    invalid: (await all(client, { query: "{ nothing }" }))[0].errors[0].extensions.code,
    stranger: await all(connect("wrong"), { query: "{ hello }" }),
  }),
);
client.dispose();
