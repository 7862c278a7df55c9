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

/** What a token changes of the state. Of another person at the same browser nothing written or read may stay. */
export function change(state, jwt) {
  const sub = subject(jwt);
  const another = state.sub !== null && state.sub !== sub;
  return { sub, ...(another && { outbox: [], starting: null, conversation: null, threads: [], earlier: [], form: {}, greeted: false }) };
}
