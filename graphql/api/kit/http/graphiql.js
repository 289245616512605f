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

async function post(params, headers) {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json", ...headers },
    body: JSON.stringify(params),
  });
  return response.json();
}

// A socket takes its token when it opens, so each subscription opens one, with the headers of that moment.
function subscribe(params, connectionParams) {
  const client = graphqlWs.createClient({ url: socket.href, connectionParams, retryAttempts: 0 });
  return {
    subscribe(sink) {
      client.subscribe(params, {
        next: (answer) => sink.next(answer),
        error: (error) => sink.error(error.reason ? new Error(`${error.code}: ${error.reason}`) : error),
        complete: () => sink.complete(),
      });
      return { unsubscribe: () => client.dispose() };
    },
  };
}

// Headers that are typed are kept for this tab only, as they may hold a token.
const kept = sessionStorage.getItem("graphiql-headers");
const keep = (headers) => sessionStorage.setItem("graphiql-headers", headers);

// What is typed in the editor of headers comes before who is signed in.
const asked = async (headers) => ({ ...(await door.headers()), ...headers });

door.start().then(() =>
  ReactDOM.render(
    React.createElement(GraphiQL, {
      fetcher: (params, { headers = {} } = {}) =>
        isSubscription(params)
          ? subscribe(params, () => asked(headers))
          : asked(headers).then((all) => post(params, all)),
      // Null asks for no schema as it starts: the answer to a stranger would be an error before they did anything.
      schema: door.known() || kept ? undefined : null,
      headers: kept ?? "",
      onEditHeaders: keep,
      isHeadersEditorEnabled: true,
      shouldPersistHeaders: false,
    }),
    document.getElementById("graphiql"),
  ),
);
