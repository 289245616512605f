// Runs the clients of docs/clients.md, whose files lie beside this one. Prints "joined" once each follower has heard of
// a task that each client has created, and in the end one line of JSON with what each heard up to "after 0".
const [api, email, password] = process.argv.slice(2);
globalThis.API = api;
const complaints = [];
console.warn = console.error = (...words) => complaints.push(words.join(" "));

const { signIn } = await import("./session.mjs");
await signIn(email, password);
const clients = {
  plain: await import("./plain.mjs"),
  urql: await import("./urql.mjs"),
  apollo: await import("./apollo.mjs"),
  relay: await import("./relay/board.js"),
};
const heard = Object.fromEntries(Object.keys(clients).map((name) => [name, []]));
let told = () => null;

async function all(enough) {
  while (!Object.values(heard).every(enough)) await new Promise((resolve) => (told = resolve));
}

// Each has read its list by then: what is created afterwards is told.
await Promise.all(
  Object.entries(clients).map(([name, { follow }]) =>
    follow((message) => {
      heard[name].push(message.code ?? message.node.title);
      told();
    }),
  ),
);
const created = [];
for (const [name, { create }] of Object.entries(clients)) created.push((await create(`by ${name}`)).task?.title);
await all((titles) => titles.includes("by relay"));
// From here on every token counts as one that has run out.
const now = Date.now;
Date.now = () => now() + 3_600_000;
process.stdout.write("joined\n");
await all((titles) => titles.includes("after 0"));
process.stdout.write(`${JSON.stringify({ created, heard, complaints })}\n`);
process.exit(0);
