// The loader a site embeds: a button on its page. The chat (frame.js) and invitations (invite.js) come
// when needed. No cookie, no global but `deskbell`, no layout shift, no console message.
(() => {
  const script = document.currentScript || document.querySelector("script[data-widget]");
  if (!script || window.deskbell) return;
  const id = script.dataset.widget;
  const box = new URL(script.src).origin;
  const api = `${box}/api/v1/widgets/${encodeURIComponent(id)}`;
  const key = `deskbell:${id}`;
  const VISIT_MS = 18e5; // a pause longer than this begins another visit
  const PATH_MAX = 20;
  const CSS = `
:host{all:initial!important;position:fixed!important;right:24px!important;bottom:24px!important;z-index:2147483000!important}
button{all:unset;cursor:pointer;display:grid;place-items:center;position:relative;width:56px;height:56px;border-radius:50%;background:#2559b8;color:#fff;box-shadow:0 1px 2px #1218221a,0 8px 24px #12182224}
button:hover{background:#1d4a9d}
button:focus-visible{outline:2px solid #2559b8;outline-offset:2px}
svg{width:28px;height:28px;fill:none;stroke:currentColor;stroke-width:1.3;stroke-linecap:round;stroke-linejoin:round}
@media(max-width:480px){:host{right:16px!important;bottom:16px!important}}
@media print{:host{display:none!important}}`;
  const CHAT =
    "M3.5 5.75A2.25 2.25 0 0 1 5.75 3.5h8.5a2.25 2.25 0 0 1 2.25 2.25v5.5a2.25 2.25 0 0 1-2.25 2.25H9.5L6 16.5v-3h-.25a2.25 2.25 0 0 1-2.25-2.25zM7 7.25h6M7 10h3.5";

  let contextOf, tokenOf;
  let memory = "{}";

  // Some browsers refuse storage by throwing at its very name, so each access stands alone.
  function stored(write) {
    for (const name of ["localStorage", "sessionStorage"]) {
      try {
        if (write) window[name].setItem(key, write);
        const found = window[name].getItem(key);
        if (found) return found;
      } catch {}
    }
    return (memory = write || memory);
  }

  /** What this site keeps: {visitor, resume, open, …}; `change` is written over it. */
  function mine(change) {
    let all = {};
    try {
      all = JSON.parse(stored()) || {};
    } catch {}
    if (change) stored(JSON.stringify(Object.assign(all, change)));
    return all;
  }

  let at = "";
  let since; // this address, in the page's own time
  /** Her visits to the site and the pages of this one, newest last. The address is looked at and not listened for: a
   * single-page app may change it in ways that fire no event, and wrapping the site's history would be meddling. */
  function visit() {
    const known = mine().visit || {};
    if (at === location.href) return known;
    since = at && performance.now();
    at = location.href;
    const fresh = Date.now() - (known.last || 0) > VISIT_MS;
    const path = (!fresh && known.path) || [];
    const url = at.slice(0, 500);
    if (path[path.length - 1] !== url) path.push(url);
    const next = { last: Date.now(), count: (known.count || 0) + fresh, path: path.slice(-PATH_MAX) };
    mine({ visit: next });
    if (parts.frame) parts.frame.then((made) => made.moved());
    return next;
  }

  const say = (name, detail) => dispatchEvent(new CustomEvent(`deskbell:${name}`, { detail }));
  const within = (ms, run) => Promise.race([new Promise((done) => done(run && run())), new Promise((_, late) => setTimeout(late, ms))]);
  /** The page as the box is told of it; a long address or title is cut, since no chat is refused for that. */
  const page = () => ({
    path: visit().path,
    url: location.href.slice(0, 2000),
    title: document.title.slice(0, 300),
    referrer: document.referrer.slice(0, 2000),
    seconds: Math.floor((performance.now() - since) / 1000),
  });

  /** The site's variables, or none: a provider that throws, hangs or returns rubbish does no harm. */
  async function context() {
    const out = {};
    const size = (value) => new TextEncoder().encode(value).length;
    let room = 4000;
    try {
      const given = JSON.parse(JSON.stringify(await within(2000, contextOf)));
      for (const [name, value] of Object.entries(given).slice(0, 32)) {
        const [n, v] = [size(name), size(value)];
        if (value === null || typeof value === "object" || n > 64 || v > 512 || (room -= n + v + 8) < 0) continue;
        out[name] = value;
      }
    } catch {}
    return out;
  }

  const hooks = {
    box,
    id,
    api,
    mine,
    visit,
    say,
    page,
    context,
    token: () => within(8000, tokenOf),
    chat: () => part("frame"),
    invites: () => part("invite"),
    uninvite: () => parts.invite && parts.invite.then((made) => made.hide()),
  };

  /** Another file of the widget: a classic script, since modules would need CORS. */
  const parts = {};
  const part = (name) =>
    (parts[name] ||= new Promise((done) => {
      const more = document.createElement("script");
      more.src = `${box}/widget-assets/${name}.js`;
      more.deskbell = { ...hooks, done };
      more.onerror = () => (delete parts[name], more.remove());
      document.head.append(more);
    }));
  function draw() {
    const host = document.createElement("deskbell-chat");
    const root = (hooks.root = host.attachShadow({ mode: "open" }));
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet]; // A style element would need the site's CSP to allow it.
    const button = document.createElement("button");
    button.ariaLabel = hooks.settings.title || "Chat";
    button.ariaExpanded = "false";
    const made = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);
    const icon = made("svg");
    icon.setAttribute("viewBox", "0 0 20 20");
    const path = made("path");
    icon.append(path);
    button.append(icon);
    button.onclick = () => hooks.chat().then((made) => made.toggle());
    root.append(button);
    document.body.append(host);
    hooks.button = button;
    hooks.look = (open) => path.setAttribute("d", open ? "m6 8 4 4 4-4" : CHAT);
    hooks.look();
  }

  setInterval(visit, 1000);
  visit();

  let begin;
  const begun = new Promise((done) => (begin = done));
  async function load(wait) {
    try {
      const answer = await fetch(api, { credentials: "omit" });
      if (answer.status === 404) return say("error", { code: "not_found" });
      if (!answer.ok) throw 0;
      hooks.settings = await answer.json();
    } catch {
      return setTimeout(load, wait, Math.min(wait * 2, 3e5));
    }
    draw();
    begin();
    const { open, talking } = mine();
    if (open || talking) hooks.chat().then((made) => made.restore(open));
    if (hooks.settings.proactive?.enabled) hooks.invites();
    say("ready", { widget: id });
  }

  const fn = (given) => (typeof given === "function" ? given : null);
  window.deskbell = Object.freeze({
    setContextProvider: (given) => void (contextOf = fn(given)),
    setAuthTokenProvider(given) {
      tokenOf = fn(given);
      if (parts.frame) parts.frame.then((made) => made.post({ t: "auth" }));
    },
    startChat: () => void begun.then(hooks.chat).then((made) => made.start()),
    closeChat: () => void begun.then(() => parts.frame).then((made) => made && made.show(false)),
    startProactiveChat: (how) => void begun.then(hooks.invites).then((made) => made.offer({ text: String((how && how.message) || "") })),
  });
  if (document.body) load(5000);
  else addEventListener("DOMContentLoaded", () => load(5000));
})();
