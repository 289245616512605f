// Runs the clients of docs/clients.md, whose files lie beside this one, and `relay/pages.js`. Prints "joined" once each
// has the state, "marked" and the mark whenever each has heard of a task of that title, and after the mark "end" one line
// of JSON: what each heard, as [position, title], how often it was sent the state, and which tasks its list then has.
const [api, email, password] = process.argv.slice(2);
globalThis.API = api;
const complaints = [];
console.warn = console.error = (...words) => complaints.push(words.join(" "));

const { signIn } = await import("./session.mjs");
const { TaskList } = await import("./list.mjs");
await signIn(email, password);
const clients = {
  plain: await import("./plain.mjs"),
  "graphql-ws": await import("./socket.mjs"),
  "graphql-sse": await import("./sse.mjs"),
  urql: await import("./urql.mjs"),
  "apollo 4": await import("./apollo.mjs"),
  "apollo 3": await import("./apollo3/board.mjs"),
  relay: await import("./relay/board.js"),
  typed: await import("./typed.ts"),
};
const { connection, paged, refetched } = await import("./relay/pages.js");

const created = {};
for (const [name, { create }] of Object.entries(clients))
  if (create) created[name] = (await create(`by ${name}`)).task.title;

const told = Object.fromEntries(Object.keys(clients).map((name) => [name, { heard: [], states: 0, gaps: [] }]));
const lists = Object.fromEntries(Object.keys(clients).map((name) => [name, new TaskList()]));
let tell = () => null;
const all = async (enough) => {
  while (!Object.values(told).every(enough)) await new Promise((resolve) => (tell = resolve));
};
const say = (line) => process.stdout.write(`${line}\n`);

for (const [name, { follow }] of Object.entries(clients)) {
  follow((message) => {
    const { heard, gaps } = told[name];
    lists[name].take(message);
    if (message.complete) told[name].states += 1;
    if (message.code) gaps.push(message.code);
    if (message.kind) heard.push([message.cursor, message.node.title]);
    tell();
  });
}
await all(({ states }) => states > 0);
say("joined");
for (const mark of ["token", "kill", "deploy", "worker"]) {
  await all(({ heard }) => heard.some(([, title]) => title === mark));
  say(`marked ${mark}`);
}
const pages = await paged();
const prepended = (await clients.relay.create("by relay again", [connection])).task.title;
await all(({ heard }) => heard.some(([, title]) => title === prepended));
const relay = { pages, prepended: (await paged(0))[0], refetched: await refetched(pages.at(-1)) };
for (const [name, { tasks }] of Object.entries(lists)) told[name].list = [...tasks.values()].map(({ title }) => title);
say(JSON.stringify({ created, told, relay, complaints }));
process.exit(0);
