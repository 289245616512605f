// The transport of subscriptions: it outlives tokens, sockets and restarts of the API.
import { subscriptionExchange, type ExecutionResult } from "urql";
import { createClient, type SubscribePayload } from "graphql-ws";
import { authorization, isSignedIn, renewNext } from "./session";

const FORBIDDEN = 4403;

/** Every message of a subscription carries a cursor, from which the subscription can be continued. */
function cursorOf(data: unknown): string | undefined {
  const [message] = Object.values(data ?? {}) as ({ cursor?: string } | null)[];
  return message?.cursor;
}

export function liveExchange(onConnected: (connected: boolean) => void) {
  const url = new URL("/graphql", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = createClient({
    url: url.href,
    // Asked again at each connection, so that each has a token that is good.
    connectionParams: async () => ({ authorization: await authorization() }),
    // The client's own default gives up after five attempts, and at once if the first finds no server.
    retryAttempts: Infinity,
    shouldRetry: isSignedIn,
    retryWait: (retries) =>
      new Promise((done) => setTimeout(done, Math.min(250 * 2 ** retries, 5000) * (0.5 + Math.random()))),
    keepAlive: 10_000,
    on: {
      connected: () => onConnected(true),
      closed: (event) => {
        onConnected(false);
        if ((event as CloseEvent).code === FORBIDDEN) renewNext();
      },
    },
  });
  return subscriptionExchange({
    forwardSubscription: ({ query, variables }) => ({
      subscribe(sink) {
        let cursor = variables?.resumeFrom as string | undefined;
        const payload: SubscribePayload = {
          query: query ?? "",
          // Read again at each connection: it continues after the last message that came.
          get variables() {
            return { ...variables, resumeFrom: cursor };
          },
        };
        const unsubscribe = socket.subscribe(payload, {
          next: (result) => {
            cursor = cursorOf(result.data) ?? cursor;
            sink.next(result as ExecutionResult);
          },
          error: (error) => sink.error(error),
          complete: () => sink.complete(),
        });
        return { unsubscribe };
      },
    }),
  });
}
