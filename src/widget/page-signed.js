// Customers who are signed in on their site: whose conversation this is. Loaded for persistent widgets only.

/** What of a JWT tells whose texts are kept here; its signature is the box's business. */
function subject(jwt) {
  try {
    const { iss, sub } = JSON.parse(atob(jwt.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
    return `${iss} ${sub}`;
  } catch {
    return null;
  }
}

/** What `hello` says of her: a fresh token. Of another person at the same browser nothing written or read may stay. */
export async function identify(host, { get, dispatch }) {
  const jwt = await host.token();
  if (!jwt) throw Object.assign(new Error("no token"), { code: "unauthorized" });
  const sub = subject(jwt);
  const another = get().sub !== null && get().sub !== sub;
  const none = { outbox: [], starting: null, conversation: null, threads: [], earlier: [], form: {}, greeted: false };
  dispatch({ type: "set", fields: { sub, ...(another && none) } });
  return { jwt };
}
