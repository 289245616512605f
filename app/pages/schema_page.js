// Shows the schema: the types on the left, one of them in the middle, or what a search finds. `#Task.title` in the address
// is a field. Everything is put in as text, never as markup.
const [nav, shown, search] = ["types", "shown", "search"].map((id) => document.getElementById(id));
const types = new Map();
const uses = new Map();
let roots = [];
const FOUND = 100;
const GROUPS = { object: "Types", interface: "Interfaces", union: "Unions", enum: "Enums", input: "Inputs", scalar: "Scalars" };

function element(tag, attributes, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return made;
}

const link = (name, text = name) => element("a", { href: `#${name}` }, text);
const named = (type) => type.replace(/[[\]!]/g, "");

// A type as it is written, with a link where its name is.
const typed = (type) => type.split(/(\w+)/).map((part) => (types.has(part) ? link(part) : part));

// Where a word of a description leads: to a type, or to what is sent under this name.
function target(word) {
  if (types.has(word.split(".")[0])) return word;
  const root = roots.find((name) => types.get(name).byName.has(word));
  return root && `${root}.${word}`;
}

// A description, with its code as code.
const prose = (text = "") =>
  text.split(/`([^`]+)`/).map((part, number) => {
    if (number % 2 === 0) return part;
    const code = element("code", {}, part);
    return target(part) ? element("a", { href: `#${target(part)}` }, code) : code;
  });

function badges({ permission, whom, deprecated }) {
  return [
    permission && element("span", { className: "needs" }, `needs ${permission}`),
    whom && element("span", { className: "needs" }, `for ${whom}`),
    deprecated && element("span", { className: "old" }, "Deprecated: ", prose(deprecated)),
  ].filter(Boolean);
}

const typeOf = ({ type, default: value }) => [": ", typed(type), value === undefined ? null : ` = ${value}`];

function argument(given) {
  const line = [element("code", {}, given.name, typeOf(given)), " ", prose(given.about), " ", badges(given)];
  return element("li", {}, line);
}

function section(type, member) {
  const list = (member.arguments ?? []).map(argument);
  const code = type.name === "RefusalCode" || type.name === "ErrorCode";
  return element(
    "section",
    { id: `${type.name}.${member.name}` },
    element("h2", {}, link(`${type.name}.${member.name}`, member.name), member.type ? typeOf(member) : null),
    member.about ? element("p", {}, prose(member.about)) : null,
    code ? element("p", {}, element("a", { href: `/docs/errors.md#${member.name}` }, "What it says")) : null,
    badges(member).length ? element("p", {}, badges(member)) : null,
    list.length ? element("ul", { className: "arguments" }, list) : null,
  );
}

// Links with commas between them, after a word; nothing without any.
function row(word, names) {
  if (!names?.length) return null;
  return element("p", {}, word, names.flatMap((name, number) => [number ? ", " : " ", link(name)]));
}

function showType(type, chosen) {
  document.title = `${type.name} · Schema`;
  shown.replaceChildren(
    element("h1", {}, type.name, " ", element("small", {}, roots.includes(type.name) ? "root" : type.kind)),
    element("p", {}, prose(type.about)),
    ...[
      type.specified && element("p", {}, "Specified by ", type.specified),
      row("Implements", type.implements),
      row("Is one of", type.possible),
      ...(type.members ?? []).map((member) => section(type, member)),
      row("Used by", uses.get(type.name)),
    ].filter(Boolean),
  );
  const place = document.getElementById(`${type.name}.${chosen}`);
  place?.classList.add("chosen");
  if (place) place.scrollIntoView();
  else shown.scrollTop = 0;
}

function home() {
  document.title = "Schema";
  const counted = roots.map((name) => element("li", {}, link(name), `: ${types.get(name).members.length}`));
  shown.replaceChildren(
    element("h1", {}, "Schema"),
    element("p", {}, "What the API at ", element("code", {}, "/graphql"), " answers, generated from its schema."),
    element("ul", {}, counted, element("li", {}, link("RefusalCode"), ": why a mutation is refused")),
  );
}

// Names that begin with the text come first, then those that have it, then what only says it.
function found(text) {
  const ranked = [];
  for (const type of types.values()) {
    for (const { name, about } of [type, ...(type.members ?? [])]) {
      const [lower, address] = [name.toLowerCase(), name === type.name ? name : `${type.name}.${name}`];
      const rank = lower.startsWith(text) ? 0 : lower.includes(text) || address.toLowerCase().includes(text) ? 1 : 2;
      if (rank < 2 || about?.toLowerCase().includes(text)) {
        ranked.push({ rank: rank + (roots.includes(type.name) || name === type.name ? 0 : 0.5), address, about });
      }
    }
  }
  return ranked.sort((a, b) => a.rank - b.rank || a.address.length - b.address.length);
}

function showFound(text) {
  const all = found(text.toLowerCase());
  const more = all.length > FOUND ? `, of which these are the first ${FOUND}` : "";
  shown.replaceChildren(
    element("h1", {}, `${all.length} found${more}`),
    ...all.slice(0, FOUND).map(({ address, about }) =>
      element("section", {}, element("h2", {}, link(address)), element("p", {}, prose(about))),
    ),
  );
  shown.scrollTop = 0;
}

function show() {
  if (types.size === 0) return;
  if (search.value.trim()) return showFound(search.value.trim());
  const [name, member] = decodeURIComponent(location.hash.slice(1)).split(".");
  if (types.has(name)) showType(types.get(name), member);
  else home();
}

function list() {
  const group = (title, names, open) =>
    element("details", { open }, element("summary", {}, title), names.map((name) => link(name)));
  const rest = [...types.values()].filter(({ name }) => !roots.includes(name));
  nav.replaceChildren(
    group("Roots", roots, true),
    ...Object.entries(GROUPS).map(([kind, title]) =>
      group(title, rest.filter((type) => type.kind === kind).map(({ name }) => name), kind === "object"),
    ),
  );
}

function take(answer) {
  roots = answer.roots;
  for (const type of answer.types.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    types.set(type.name, { ...type, byName: new Map((type.members ?? []).map((member) => [member.name, member])) });
  }
  const use = (type, by) => uses.set(type, [...(uses.get(type) ?? []), by]);
  for (const { name, members = [] } of types.values()) {
    for (const member of members) {
      const needed = [member, ...(member.arguments ?? [])].filter(({ type }) => type);
      for (const type of new Set(needed.map(({ type }) => named(type)))) use(type, `${name}.${member.name}`);
    }
  }
}

async function start() {
  door.start();
  if (!door.known()) return door.invite();
  const answer = await fetch("/docs/schema.json", { headers: await door.headers() });
  if (!answer.ok) return (shown.textContent = (await answer.json()).detail);
  take(await answer.json());
  list();
  show();
  search.focus();
}

search.addEventListener("input", show);
window.addEventListener("hashchange", () => {
  search.value = "";
  show();
});
start();
