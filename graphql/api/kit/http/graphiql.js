// Starts GraphiQL against the endpoint named in the page.
const endpoint = new URL(document.body.dataset.endpoint, location.href);
const socket = Object.assign(new URL(endpoint), { protocol: endpoint.protocol.replace("http", "ws") });

// GraphiQL's own fetcher goes by a parse that lags behind typing, so a subscription that is run at once would
// be posted. This leaves the heads of the operations by emptying braces from the inside out.
function isSubscription({ query, operationName }) {
  let heads = query.replace(/#.*/g, "");
  for (let before; before !== heads; ) {
    before = heads;
    heads = heads.replace(/\{[^{}]*\}/g, ";");
  }
  return heads.split(";").some((head) => {
    const [kind, name] = head.match(/\w+/g) ?? [];
    return kind === "subscription" && (!operationName || name === operationName);
  });
}

// Just after a change of tabs the editor still names the operation of the former one.
function named({ operationName, ...rest }) {
  const known = operationName && new RegExp(`\\b${operationName}\\b`).test(rest.query);
  return known ? { ...rest, operationName } : rest;
}

async function post(params, headers) {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json", ...headers },
    body: JSON.stringify(params),
  });
  return response.json();
}

// Whoever has not signed in is told to, instead of being shown an error in JSON.
function invited(errors, headers) {
  const strange = errors.some((error) => error.extensions?.code === "UNAUTHENTICATED");
  if (!strange || door.known() || headers.Authorization || headers.authorization) return null;
  door.invite();
  return { hint: "Sign in above, and press the button again." };
}

async function answered(params, headers) {
  const answer = await post(params, headers);
  return invited(answer.errors ?? [], headers) ?? answer;
}

// The same subscription from behind this cursor: as its variable says, or its argument, or with one of that name.
function resumed({ query, variables, ...rest }, cursor) {
  const given = query.match(/(?<!\$)\bresumeFrom\s*:\s*(\$(\w+)|"[^"]*"|\w+)/);
  if (given?.[2]) return { ...rest, query, variables: { ...variables, [given[2]]: cursor } };
  const literal = `resumeFrom: "${cursor}"`;
  if (given) return { ...rest, variables, query: query.replace(given[0], literal) };
  const root = /(\bsubscription\b[^{]*\{\s*(?:#.*\s*)*(?:\w+\s*:\s*)?\w+)(\s*\()?/;
  const argued = (_, field, opened) => (opened ? `${field}(${literal}, ` : `${field}(${literal})`);
  return { ...rest, variables, query: query.replace(root, argued) };
}

// A socket takes its token when it opens, so each subscription opens one, with the headers of that moment. One that
// breaks is opened again, and goes on behind the last message, of which the document selects the `cursor`.
function subscribe(params, connectionParams) {
  let [cursor, welcome, headers] = [null, false, {}];
  const client = graphqlWs.createClient({
    url: socket.href,
    connectionParams: async () => (headers = await connectionParams()),
    retryAttempts: Infinity,
    retryWait: (retries) => new Promise((go) => setTimeout(go, Math.min(500 * 2 ** retries, 10_000))),
    on: { connected: () => (welcome = true) },
    // A token that has ended is replaced; one that was never good is not.
    shouldRetry: (event) => {
      const again = event.code !== 4403 || welcome;
      welcome = false;
      return again;
    },
  });
  const asked = {
    get query() {
      return (cursor ? resumed(params, cursor) : params).query;
    },
    get variables() {
      return (cursor ? resumed(params, cursor) : params).variables;
    },
    operationName: params.operationName,
  };
  return {
    subscribe(sink) {
      client.subscribe(asked, {
        next: (answer) => {
          for (const told of Object.values(answer.data ?? {})) cursor = told?.cursor ?? cursor;
          sink.next(answer);
        },
        error: (error) => {
          const hint = Array.isArray(error) && invited(error, headers);
          if (!hint) return sink.error(error.reason ? new Error(`${error.code}: ${error.reason}`) : error);
          sink.next(hint);
          sink.complete();
        },
        complete: () => sink.complete(),
      });
      return { unsubscribe: () => client.dispose() };
    },
  };
}

const tabs = JSON.parse(document.body.dataset.tabs || "[]");

// The tab that was open before the page was loaded again. The editor opens another one with its document, unless
// it is told just what stood in this one.
const left = (() => {
  try {
    const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem("graphiql:tabState"));
    return tabs[activeTabIndex];
  } catch {
    return null;
  }
})();

// Headers that are typed are kept for this tab only, as they may hold a token.
const kept = sessionStorage.getItem("graphiql-headers");
const keep = (headers) => sessionStorage.setItem("graphiql-headers", headers);

// What is typed in the editor of headers comes before who is signed in.
const asked = async (headers) => ({ ...(await door.headers()), ...headers });

door.start().then(() =>
  ReactDOM.render(
    React.createElement(GraphiQL, {
      fetcher: (given, { headers = {} } = {}) => {
        const params = named(given);
        return isSubscription(params)
          ? subscribe(params, () => asked(headers))
          : asked(headers).then((all) => answered(params, all));
      },
      // Null asks for no schema as it starts: the answer to a stranger would be an error before they did anything.
      schema: door.known() || kept ? undefined : null,
      headers: kept ?? "",
      query: left?.query ?? undefined,
      variables: left?.variables ?? undefined,
      // What somebody typed here before is kept by the editor, and comes before these.
      defaultTabs: tabs.length ? tabs : undefined,
      onEditHeaders: keep,
      isHeadersEditorEnabled: true,
      shouldPersistHeaders: false,
    }),
    document.getElementById("graphiql"),
  ),
);
