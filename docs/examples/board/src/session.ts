// Who is signed in, in this tab only, and their token, which is renewed in time.
interface Granted {
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
}

interface Session {
  accessToken: string;
  refreshToken: string;
  renewAt: number;
}

const KEY = "board-session";
const listeners = new Set<() => void>();
let renewing: Promise<void> | undefined;

/** The server refused, in words for people. */
export class Refusal extends Error {}

function read(): Session | undefined {
  const kept = sessionStorage.getItem(KEY);
  return kept === null ? undefined : (JSON.parse(kept) as Session);
}

function keep(session: Session | undefined): void {
  if (session) sessionStorage.setItem(KEY, JSON.stringify(session));
  else sessionStorage.removeItem(KEY);
  for (const listener of listeners) listener();
}

async function ask(path: string, body: object): Promise<void> {
  const response = await fetch(`/auth/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const type = response.headers.get("content-type") ?? "";
  if (!type.includes("json") || response.status >= 500) throw new Error(`The server cannot answer: ${response.status}`);
  const answer = (await response.json()) as Partial<Granted> & { detail?: string };
  const { accessToken, refreshToken, expiresIn } = answer;
  if (!accessToken || !refreshToken || !expiresIn)
    throw new Refusal(answer.detail ?? "This example has no page for a second factor.");
  keep({ accessToken, refreshToken, renewAt: Date.now() + expiresIn * 800 });
}

export function isSignedIn(): boolean {
  return read() !== undefined;
}

export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function signIn(email: string, password: string): Promise<void> {
  return ask("sign-in", { email, password });
}

export function signOut(): void {
  keep(undefined);
}

/** The server took the token for no good: the next request renews it first. */
export function renewNext(): void {
  const session = read();
  if (session) keep({ ...session, renewAt: 0 });
}

async function renew(refreshToken: string): Promise<void> {
  try {
    await ask("refresh", { refreshToken });
  } catch (error) {
    // Only the server ends a session; that it is away for a moment does not.
    if (error instanceof Refusal) signOut();
    throw error;
  }
}

/** The header that says who asks. Rejects while the server cannot be asked, or when nobody is signed in. */
export async function authorization(): Promise<string> {
  const session = read();
  if (session && Date.now() >= session.renewAt) {
    // A refresh token is good for one use, so that all who need it wait for the same renewal.
    renewing ??= renew(session.refreshToken).finally(() => (renewing = undefined));
    await renewing;
  }
  const token = read()?.accessToken;
  if (!token) throw new Error("Nobody is signed in.");
  return `Bearer ${token}`;
}
