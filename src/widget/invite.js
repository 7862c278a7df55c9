// Proactive chat on the site's page: when to ask, and the invitation itself (REQ S1-1 to S1-9).
// Loaded by widget.js, which hands its hooks over on the script element, and only where it is needed.
(() => {
  const { box, api, settings, root, button, mine, visit, page, context, token, chat, done } = document.currentScript.deskbell;
  const WORDS = {
    en: ["Chat", "Close the invitation", "Invitation to chat"],
    nl: ["Chatten", "Uitnodiging sluiten", "Uitnodiging om te chatten"],
    cs: ["Chatovat", "Zavřít pozvánku", "Pozvánka k chatu"],
    da: ["Chat", "Luk invitationen", "Invitation til chat"],
  };
  const [CHAT, CLOSE, LABEL] = WORDS[(document.documentElement.lang || navigator.language).slice(0, 2)] || WORDS.en;
  const CSS = `
section{--bg:#fff;--fg:#171c25;--soft:#4d5766;--go:#2559b8;--on:#fff;--hover:#eef1f5;position:absolute;right:0;bottom:72px;box-sizing:border-box;width:min(328px,calc(100vw - 32px));padding:16px 16px 16px 20px;border-radius:16px 16px 4px 16px;background:var(--bg);color:var(--fg);box-shadow:0 1px 2px #1218221a,0 8px 24px #12182224;font:400 16px/24px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
section.dark{--bg:#1e242d;--fg:#e8ebf0;--soft:#b0b9c6;--go:#83adf7;--on:#0c1a33;--hover:#28303b;box-shadow:0 0 0 1px #323b47,0 8px 24px #00000080}
section p{margin:0 36px 12px 0;overflow-wrap:anywhere;white-space:pre-line}
section button{width:auto;height:44px;border-radius:8px;background:var(--go);color:var(--on);padding:0 24px;box-shadow:none;font-weight:500}
section button:hover{background:var(--go);filter:brightness(.92)}
section button:focus-visible{outline-color:var(--go)}
section .x{position:absolute;top:4px;right:4px;width:44px;padding:0;background:none;color:var(--soft)}
section .x:hover{background:var(--hover);filter:none}
section .x svg{width:20px;height:20px;stroke-width:1.5}`;
  // Fixed for invitations of the page's own; the box names the same span for its own (REQ S1-9).
  const SHOWN_MS = 60_000;
  const ASKS_MAX = 10; // per page: rules that the box declines do not become a poll

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  root.adoptedStyleSheets.push(sheet);
  const live = document.createElement("div");
  live.setAttribute("aria-live", "polite");
  root.prepend(live);
  const speed = (settings.clock && settings.clock.speed) || 1;
  let shown = null;
  let timer = 0;

  function hide() {
    clearTimeout(timer);
    live.replaceChildren();
    const over = shown;
    shown = null;
    return over;
  }

  function dismiss() {
    const over = hide();
    if (over && over.invite)
      fetch(`${box}/api/v1/invites/${encodeURIComponent(over.invite)}/dismiss`, { method: "POST", credentials: "omit", keepalive: true }).catch(
        () => {},
      );
  }

  function accept() {
    const taken = hide();
    chat().then((made) => made.start(taken));
  }

  /** Nobody is invited to what is already going on. */
  const busy = () => button.ariaExpanded === "true" || mine().talking;

  function make(tag, at, ...kids) {
    const el = document.createElement(tag);
    Object.assign(el, at);
    el.append(...kids);
    return el;
  }

  function offer(invitation) {
    if (shown || busy() || !invitation.text) return;
    shown = invitation;
    const dark = settings.theme === "dark" || (settings.theme !== "light" && matchMedia("(prefers-color-scheme:dark)").matches);
    const cross = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    cross.setAttribute("viewBox", "0 0 20 20");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", "m5.25 5.25 9.5 9.5M14.75 5.25l-9.5 9.5");
    cross.append(line);
    const close = make("button", { type: "button", className: "x", ariaLabel: CLOSE, onclick: dismiss }, cross);
    const go = make("button", { type: "button", onclick: accept }, CHAT);
    const card = make(
      "section",
      { className: dark ? "dark" : "", ariaLabel: LABEL, onkeydown: (event) => event.key === "Escape" && dismiss() },
      make("p", {}, invitation.text),
      go,
      close,
    );
    live.append(card);
    timer = setTimeout(hide, (invitation.expires_in_ms || SHOWN_MS) / speed);
  }

  const list = settings.proactive;
  const rules = !list || list.enabled === false ? [] : Array.isArray(list) ? list : list.rules || list.rule || [];

  /**
   * `*` stands for anything; `/…` is held against the path, anything else against the whole address. Each part is looked for
   * once, from where the one before ended: a regular expression would go back and forth for hours over `*a*a*a*b`.
   */
  function matches(pattern) {
    const text = pattern[0] === "/" ? location.pathname : location.href.split("#")[0];
    const [first, ...parts] = pattern.split("*");
    if (!parts.length) return text === first;
    const last = parts.pop();
    let at = first.length;
    for (const part of parts) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return text.startsWith(first) && text.endsWith(last) && at + last.length <= text.length;
  }

  /** How much of the page was within sight, in percent. */
  const scrolled = () => Math.min(100, ((scrollY + innerHeight) / document.documentElement.scrollHeight) * 100);

  let url = "";
  let since = 0;
  let asks = 0;
  let asking = false;
  let leaving = false; // only while the pointer goes
  let pauseUntil = 0;
  /** Somebody's token is asked for only where a rule is for those who are signed in, or for those who are not. */
  const signed = rules.some(({ audience }) => audience && typeof audience.authenticated === "boolean");
  const asked = new Set();
  const started = performance.now();

  function arrive() {
    url = location.href;
    since = performance.now();
    asks = 0;
    asked.clear();
  }

  function due(rule, seconds) {
    const where = [].concat(rule.where || []);
    const audience = rule.audience || {};
    return (
      !asked.has(rule) &&
      (!rule.leaving || leaving) &&
      (!rule.min_scroll_percent || scrolled() >= rule.min_scroll_percent) &&
      seconds * speed >= (rule.min_seconds_on_page || 0) &&
      ((performance.now() - started) / 1000) * speed >= (rule.min_seconds_on_site || 0) &&
      visit().count >= (audience.min_visits || 0) &&
      (!where.length || where.some((pattern) => matches(String(pattern))))
    );
  }

  async function ask(rule, seconds) {
    asked.add(rule);
    asks += 1;
    asking = true;
    const at = url;
    try {
      let { visitor } = mine();
      if (!visitor)
        mine({ visitor: (visitor = [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("")) });
      const body = {
        visitor,
        rule: rule.id,
        page: page(),
        seconds_on_page: Math.floor(seconds * speed),
        seconds_on_site: Math.floor(((performance.now() - started) / 1000) * speed),
        scroll: scrolled(),
        leaving,
        locale: document.documentElement.lang || undefined,
        visits: visit().count,
        path: visit().path,
        jwt: signed ? (await token().catch(() => null)) || undefined : undefined,
        context: await context(),
      };
      const answer = await fetch(`${api}/invites`, {
        method: "POST",
        credentials: "omit",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      if (answer.status === 201) {
        const invitation = await answer.json();
        if (at === location.href) offer(invitation);
      } else if (answer.status === 429) pauseUntil = performance.now() + (Number(answer.headers.get("retry-after")) || 60) * 1000;
    } catch {}
    asking = false;
  }

  function look() {
    if (location.href !== url) {
      if (shown && shown.invite) hide();
      arrive();
    }
    if (document.hidden || shown || asking || asks >= ASKS_MAX || performance.now() < pauseUntil || busy()) return;
    const seconds = (performance.now() - since) / 1000;
    const rule = rules.find((one) => due(one, seconds));
    if (rule) ask(rule, seconds);
  }
  if (rules.length) {
    look();
    setInterval(look, 1000);
    // Up and out of the page: to another tab, the address, the cross.
    document.documentElement.addEventListener("mouseleave", ({ clientY }) => {
      leaving = clientY <= 0;
      look();
      leaving = false;
    });
  }
  done({ offer, hide });
})();
