// The chat on the site's page: a frame from the box, opened and closed by the button, and what the two
// tell each other. Loaded by widget.js on the first opening, or when a conversation is going on.
(() => {
  const { box, id, settings, root, button, look, mine, say, page, context, token, uninvite, done } = document.currentScript.deskbell;
  const CSS = `
b{position:absolute;top:-4px;right:-4px;min-width:24px;box-sizing:border-box;border:2px solid #fff;border-radius:12px;background:#cf3a31;font:600 12px/20px system-ui,sans-serif;text-align:center}
iframe{position:absolute;right:0;bottom:72px;width:384px;height:min(720px,calc(100vh - 120px));border:0;border-radius:16px;background:Canvas;box-shadow:0 2px 4px #1218221a,0 24px 64px #12182242}
@media(max-width:480px){iframe{position:fixed;inset:0;width:100%;height:100%;height:100dvh;border-radius:0;box-shadow:none}iframe:not([hidden])~button{display:none}}`;
  const narrow = matchMedia("(max-width:480px)");
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  root.adoptedStyleSheets.push(sheet);

  const badge = document.createElement("b");
  badge.hidden = true;
  button.append(badge);
  const frame = document.createElement("iframe");
  frame.title = settings.title || "Chat";
  frame.hidden = true;
  // The page takes this as the one origin it talks to. Who lies here is answered by nobody: the browser
  // delivers only to a parent that really has that origin.
  frame.src = `${box}/widget/${encodeURIComponent(id)}#${encodeURIComponent(location.origin)}`;

  let heard = false; // the page has said hi
  let isOpen = false;
  let overflow; // the site's own, while its page is held still
  const later = []; // for the page, until it has said hi

  function post(message) {
    if (heard) frame.contentWindow.postMessage({ deskbell: id, ...message }, box);
    else later.push(message);
  }

  /** Another address without a load. A page that has not said hi asks for it in its hello. */
  const moved = () => heard && post({ t: "page", page: page() });

  function show(open, focus = true) {
    if (open === isOpen) return;
    isOpen = open;
    frame.hidden = !open;
    button.ariaExpanded = String(open);
    look(open);
    mine({ open });
    holdStill();
    if (open) uninvite();
    post({ t: "shown", shown: open, focus });
    if (focus) (open ? frame : button).focus();
    if (!open) say("closed", { reason: "minimised" });
  }

  function holdStill() {
    const style = document.documentElement.style;
    const want = isOpen && narrow.matches;
    if (want === (overflow !== undefined)) return;
    const own = overflow;
    overflow = want ? style.overflow : undefined;
    style.overflow = want ? "hidden" : own;
  }

  /** A phone's keyboard covers the page instead of shrinking it; what is left is the visual viewport. */
  function fit() {
    const view = window.visualViewport;
    const covered = narrow.matches && isOpen && view.height < innerHeight - 80;
    frame.style.height = covered ? `${view.height}px` : "";
    frame.style.top = covered ? `${view.offsetTop}px` : "";
  }

  function hear({ source, origin, data }) {
    if (source !== frame.contentWindow || origin !== box || !data || data.deskbell !== id) return;
    if (data.t === "hi") {
      const { resume, kept } = mine();
      heard = true;
      post({ t: "state", resume, kept, shown: isOpen, locale: document.documentElement.lang || navigator.language });
      later.splice(0).forEach(post);
    } else if (data.t === "keep") {
      mine({ resume: data.resume, kept: data.kept, talking: data.talking });
    } else if (data.t === "ask") {
      const answer = (value, failed) => post({ t: "answer", re: data.id, value, failed });
      if (data.what === "context") context().then((given) => answer({ page: page(), context: given }));
      else
        token().then(
          (given) => answer(typeof given === "string" ? given : null),
          () => answer(null, true),
        );
    } else if (data.t === "unread") {
      badge.hidden = !data.count;
      badge.textContent = data.count > 99 ? "99+" : data.count;
      button.ariaLabel = data.label;
      say("unread", { count: data.count });
    } else if (data.t === "event") {
      say(data.name, data.detail);
    } else if (data.t === "close") {
      show(false);
    }
  }

  addEventListener("message", hear);
  narrow.addEventListener("change", holdStill);
  if (window.visualViewport) window.visualViewport.addEventListener("resize", fit);
  root.insertBefore(frame, button);

  done({
    post,
    moved,
    show,
    toggle: () => show(!isOpen),
    /** As it was on the page before: open without taking the focus, or only listening for news. */
    restore: (open) => open && show(true, false),
    /** Opens for a conversation; with an accepted invitation it begins at once (REQ S1-10). */
    start(invitation) {
      show(true);
      post({ t: "start", invite: invitation && invitation.invite, invited: Boolean(invitation) });
    },
  });
})();
