import { StrictMode, useState, useSyncExternalStore, type FormEvent } from "react";
import { createRoot } from "react-dom/client";
import { Provider } from "urql";
import { Board } from "./board";
import { createClient } from "./client";
import { isSignedIn, onSession, signIn } from "./session";
import "./style.css";

function SignIn() {
  const [refusal, setRefusal] = useState("");

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    signIn(String(form.get("email")), String(form.get("password"))).catch((error: Error) => setRefusal(error.message));
  }

  return (
    <form className="sign-in" onSubmit={submit}>
      <h1>Board</h1>
      <input name="email" type="email" placeholder="E-mail" aria-label="E-mail" required />
      <input name="password" type="password" placeholder="Password" aria-label="Password" required />
      <button>Sign in</button>
      {refusal && <p role="alert">{refusal}</p>}
    </form>
  );
}

/** The board of whoever signed in: its client, and all that it keeps, goes with them. */
function SignedIn() {
  const [connected, setConnected] = useState(false);
  const [client] = useState(() => createClient(setConnected));
  return (
    <Provider value={client}>
      <Board connected={connected} />
    </Provider>
  );
}

function App() {
  return useSyncExternalStore(onSession, isSignedIn) ? <SignedIn /> : <SignIn />;
}

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
