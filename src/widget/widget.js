// The loader a site embeds: a button on its page. The chat (frame.js) and invitations (invite.js) are
// fetched once they are needed. No cookie, no global but `deskbell`, no layout shift, no console message.
(() => {
  const script = document.currentScript || document.querySelector("script[data-widget]");
  if (!script || window.deskbell) return;
  const id = script.dataset.widget;
  const box = new URL(script.src).origin;
  const api = `${box}/api/v1/widgets/${encodeURIComponent(id)}`;
  const key = `deskbell:${id}`;
  const CSS = `
:host{all:initial!important;position:fixed!important;right:24px!important;bottom:24px!important;z-index:2147483000!important}
[hidden]{display:none!important}
button{all:unset;box-sizing:border-box;cursor:pointer;display:grid;place-items:center;position:relative;width:56px;height:56px;border-radius:50%;background:#2559b8;color:#fff;box-shadow:0 1px 2px #1218221a,0 8px 24px #12182224}
button:hover{background:#1d4a9d}
button:focus-visible{outline:2px solid #2559b8;outline-offset:2px}
svg{width:28px;height:28px;fill:none;stroke:currentColor;stroke-width:1.3;stroke-linecap:round;stroke-linejoin:round}
b{position:absolute;top:-4px;right:-4px;min-width:24px;box-sizing:border-box;border:2px solid #fff;border-radius:12px;background:#cf3a31;font:600 12px/20px system-ui,sans-serif;text-align:center}
@media(max-width:480px){:host{right:16px!important;bottom:16px!important}}
@media print{:host{display:none!important}}`;
  const CHAT = "M3.5 5.75A2.25 2.25 0 0 1 5.75 3.5h8.5a2.25 2.25 0 0 1 2.25 2.25v5.5a2.25 2.25 0 0 1-2.25 2.25H9.5L6 16.5v-3h-.25a2.25 2.25 0 0 1-2.25-2.25zM7 7.25h6M7 10h3.5";

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

  /** What this site keeps for the widget: {visitor, resume, open, …}; `change` is written over it. */
  function mine(change) {
    let all = {};
    try {
      all = JSON.parse(stored()) || {};
    } catch {}
    if (change) stored(JSON.stringify(Object.assign(all, change)));
    return all;
  }

  const say = (name, detail) => dispatchEvent(new CustomEvent(`deskbell:${name}`, { detail }));
  const within = (ms, run) => Promise.race([new Promise((done) => done(run && run())), new Promise((_, late) => setTimeout(late, ms))]);
  const page = () => ({ url: location.href, title: document.title, referrer: document.referrer });

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

  const hooks = { box, id, api, mine, say, page, context, token: () => within(8000, tokenOf) };

  /** A part of the widget in a file of its own; a classic script, since modules would need CORS. */
  const parts = {};
  const part = (name) =>
    (parts[name] ||= new Promise((done) => {
      const more = document.createElement("script");
      more.src = `${box}/widget-assets/${name}.js`;
      more.deskbell = { ...hooks, done };
      more.onerror = () => (delete parts[name], more.remove());
      document.head.append(more);
    }));
  const chat = () => part("frame");

  function draw() {
    const host = document.createElement("deskbell-chat");
    const root = (hooks.root = host.attachShadow({ mode: "open" }));
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    const button = document.createElement("button");
    button.type = "button";
    button.ariaLabel = hooks.settings.title || "Chat";
    button.ariaExpanded = "false";
    const made = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);
    const icon = made("svg");
    icon.setAttribute("viewBox", "0 0 20 20");
    const path = made("path");
    icon.append(path);
    const badge = document.createElement("b");
    badge.hidden = true;
    button.append(icon, badge);
    button.onclick = async () => (await chat()).toggle();
    root.append(button);
    document.body.append(host);
    hooks.button = button;
    hooks.look = (open) => path.setAttribute("d", open ? "m6 8 4 4 4-4" : CHAT);
    hooks.count = (n) => {
      badge.hidden = !n;
      badge.textContent = n > 99 ? "99+" : n;
    };
    hooks.look();
  }

  let begin;
  const begun = new Promise((done) => (begin = done));
  async function load(wait) {
    try {
      const answer = await fetch(api, { credentials: "omit" });
      if (!answer.ok && answer.status < 500) return say("error", { code: answer.status === 404 ? "not_found" : "unavailable" });
      hooks.settings = await answer.json();
    } catch {
      return setTimeout(load, wait, Math.min(wait * 2, 3e5));
    }
    hooks.invites = () => part("invite");
    hooks.chat = chat;
    draw();
    begin();
    const { open, talking } = mine();
    if (open || talking) chat().then((made) => made.restore(open));
    if (hooks.settings.proactive) hooks.invites();
    say("ready", { widget: id });
  }

  const fn = (given) => (typeof given === "function" ? given : null);
  window.deskbell = Object.freeze({
    setContextProvider: (given) => void (contextOf = fn(given)),
    setAuthTokenProvider(given) {
      tokenOf = fn(given);
      if (parts.frame) chat().then((made) => made.post({ t: "auth" }));
    },
    startChat: () => void begun.then(chat).then((made) => made.start()),
    closeChat: () => void begun.then(() => parts.frame && chat().then((made) => made.show(false))),
    startProactiveChat: (how) => void begun.then(hooks.invites).then((made) => made.offer({ text: String((how && how.message) || "") })),
  });
  if (document.body) load(5000);
  else addEventListener("DOMContentLoaded", () => load(5000));
})();
