// Signs in for GraphiQL, when the page names where: tokens are kept for this tab only and renewed in time.
// `#email=...&password=...` in the address fills the form in. It does not sign in, or out, by itself: the link may be
// somebody else's, who would see what is then done in their account. It never leaves the browser.
const door = (() => {
  const base = document.body.dataset.door;
  const form = document.getElementById("door");
  const { email, password, code } = form.elements;
  const [leave, told] = [document.getElementById("leave"), document.getElementById("told")];
  const read = () => JSON.parse(sessionStorage.getItem("graphiql-door") ?? "null");
  let challenge = null;
  let renewing = null;

  async function post(path, body, headers = {}) {
    const response = await fetch(base + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.detail ?? response.statusText);
    return answer;
  }

  function keep(answer, who) {
    const kept = { ...answer, who, until: Date.now() + (answer.expiresIn - 60) * 1000 };
    sessionStorage.setItem("graphiql-door", JSON.stringify(kept));
    show();
  }

  function forget() {
    sessionStorage.removeItem("graphiql-door");
    challenge = null;
    show();
  }

  function show(text) {
    const kept = read();
    email.hidden = password.hidden = Boolean(kept) || challenge !== null;
    code.hidden = challenge === null;
    form.querySelector("button").hidden = Boolean(kept);
    leave.hidden = !kept;
    told.textContent = text ?? (kept ? `Signed in as ${kept.who}` : "");
  }

  async function enter() {
    try {
      const answer = challenge
        ? await post("/second-factor", { challenge, code: code.value })
        : await post("/sign-in", { email: email.value, password: password.value });
      challenge = answer.challenge ?? null;
      if (answer.accessToken) keep(answer, email.value);
      else show("Type the code of your authenticator.");
    } catch (error) {
      challenge = null;
      show(error.message);
    }
  }

  async function renew(kept) {
    try {
      keep(await post("/refresh", { refreshToken: kept.refreshToken }), kept.who);
    } catch {
      forget();
    }
  }

  // The header that says who asks; empty when nobody has signed in here.
  async function headers() {
    const kept = read();
    if (kept && Date.now() > kept.until) {
      // Several requests at once renew once: a refresh token is good for one use.
      renewing ??= renew(kept).finally(() => (renewing = null));
      await renewing;
    }
    const now = read();
    return now ? { Authorization: `Bearer ${now.accessToken}` } : {};
  }

  async function start() {
    if (!base) return;
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      await enter();
      // The editor asks for the schema as it starts.
      if (read()) location.reload();
    });
    leave.addEventListener("click", async () => {
      await post("/sign-out", {}, await headers()).catch(() => null);
      forget();
    });
    // A demo account fills the form in, and does not sign in by itself either.
    for (const one of document.querySelectorAll("#people button")) {
      one.addEventListener("click", () => {
        if (read()) return show("Sign out first.");
        email.value = one.dataset.email;
        password.focus();
      });
    }
    show();
    const given = new URLSearchParams(location.hash.slice(1));
    if (given.has("email")) {
      history.replaceState(null, "", location.pathname + location.search);
      if (read()) return;
      email.value = given.get("email");
      password.value = given.get("password") ?? "";
      show("Press the button to sign in.");
    }
  }

  // Whether somebody could be asking: the schema is told to nobody else.
  const known = () => !base || read() !== null;

  // Says how to go on, when something was asked that takes somebody who is signed in.
  function invite() {
    show("Sign in first.");
    email.focus();
  }

  return { start, headers, known, invite };
})();
