// The GraphQL client: cache, then retries, then HTTP and the socket.
import { retryExchange } from "@urql/exchange-retry";
import { Client, fetchExchange, mapExchange } from "urql";
import { cache } from "./cache";
import { authorization, isSignedIn, renewNext } from "./session";
import { liveExchange } from "./socket";

/** Errors that go by themselves, or with another token. */
const PASSING = new Set(["GOING_AWAY", "NOT_READY", "TOO_MANY_REQUESTS", "UNAUTHENTICATED", "UNAVAILABLE"]);

async function signedFetch(url: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const headers = new Headers(init?.headers);
  headers.set("authorization", await authorization());
  const response = await fetch(url, { ...init, headers });
  if (response.status === 401) renewNext();
  return response;
}

/** Answers and messages come by two ways, and one may overtake another: none replaces a newer version. */
function newestOnly() {
  const versions = new Map<string, number>();
  return mapExchange({
    onResult(result) {
      if (result.operation.kind === "query") return result;
      for (const part of Object.values((result.data ?? {}) as Record<string, Carrier>)) {
        const name = part.task ? "task" : "node";
        const task = part[name];
        if (!task) continue;
        const newest = versions.get(task.id) ?? 0;
        if (task.version < newest) part[name] = null;
        else versions.set(task.id, task.version);
      }
      return result;
    },
  });
}

type Carrier = Partial<Record<"task" | "node", { id: string; version: number } | null>>;

export function createClient(onConnected: (connected: boolean) => void): Client {
  return new Client({
    url: "/graphql",
    fetch: signedFetch,
    preferGetMethod: false,
    exchanges: [
      cache(),
      newestOnly(),
      retryExchange({
        initialDelayMs: 500,
        maxDelayMs: 3000,
        randomDelay: false,
        maxNumberAttempts: Infinity,
        // A mutation may have been executed although its answer was lost: its command's id makes that safe.
        retryIf: ({ networkError, graphQLErrors }) =>
          isSignedIn() &&
          (networkError !== undefined || graphQLErrors.some(({ extensions }) => PASSING.has(String(extensions.code)))),
      }),
      liveExchange(onConnected),
      fetchExchange,
    ],
  });
}
