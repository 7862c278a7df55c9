/**
 * Describes elements and keeps the page equal to the description.
 *
 * `h()` describes, `render()` reconciles, `make()` builds once. Text is always a text node: there is no way
 * to hand markup in, so nothing a customer wrote can become part of the page. Event handlers are `on…`
 * properties; inline styles do not exist (the content security policy forbids them), custom properties go in by `vars`.
 *
 * @typedef {{tag: string, props: Object<string, any>, kids: Node_[], key: any, el: any, text?: string}} Node_
 * @typedef {Node_ | string | number | null | undefined | false | Child[]} Child
 */

const SVG = "http://www.w3.org/2000/svg";
const OURS = new Set(["key", "ref", "gone", "opaque"]);
const DRAWN = Symbol("drawn");

/**
 * Describes an element.
 * Props beside attributes and `on…`: `key` (identity among siblings), `ref(el)` (after it is in the page), `gone(el)`
 * (before it leaves), `opaque` (its children belong to somebody else), `vars` (custom properties).
 * @param {string} tag @param {Object<string, any> | null} [props] @param {...Child} kids
 * @returns {Node_}
 */
export function h(tag, props, ...kids) {
  const own = props || {};
  return { tag, props: own, kids: flat(kids, []), key: own.key, el: null };
}

// Until the sprite is part of the page its symbols come from the file, which a lost line takes away.
let sprite = "/web/icons.svg";

/** Another file with the symbols a page uses. @param {string} file */
export function iconsFrom(file) {
  sprite = file;
}

/** Takes the sprite into the page, so that a symbol first needed while the box is away is there. */
export async function keepIcons() {
  try {
    const text = await (await fetch(sprite)).text();
    const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    if (svg.nodeName !== "svg") return;
    svg.classList.add("sprite");
    document.body.prepend(document.adoptNode(svg));
    sprite = "";
  } catch {
    // The symbols stay in their file.
  }
}

/** A symbol of the sprite. Decoration unless it has a label. @param {string} name @param {{small?: boolean, label?: string, class?: string}} [how] */
export function icon(name, how = {}) {
  const cls = `i${how.small ? " i-16" : ""}${how.class ? ` ${how.class}` : ""}`;
  const seen = how.label ? { role: "img", "aria-label": how.label } : { "aria-hidden": "true" };
  return h("svg", { class: cls, ...seen }, h("use", { href: `${sprite}#i-${name}` }));
}

/** Makes the children of `root` equal to the description, moving and changing as little as possible. @param {Element} root @param {...Child} kids */
export function render(root, ...kids) {
  const next = flat(kids, []);
  const fresh = [];
  reconcile(root, root[DRAWN] || [], next, root.namespaceURI === SVG, fresh);
  root[DRAWN] = next;
  for (const node of fresh) node.props.ref(node.el);
}

/** Builds one element, for those who keep it themselves. @param {Node_} node @returns {any} */
export function make(node) {
  const fresh = [];
  const el = build(node, node.tag === "svg", fresh);
  for (const one of fresh) one.props.ref(one.el);
  return el;
}

/** Class names from a string and flags. @param {string} base @param {Object<string, any>} [flags] */
export function cls(base, flags = {}) {
  let out = base;
  for (const name in flags) if (flags[name]) out += ` ${name}`;
  return out;
}

function flat(kids, out) {
  for (const kid of kids) {
    if (Array.isArray(kid)) flat(kid, out);
    else if (kid === null || kid === undefined || kid === false || kid === true) continue;
    else if (typeof kid === "object") out.push(kid);
    else out.push({ tag: "#text", props: {}, kids: [], key: undefined, el: null, text: String(kid) });
  }
  return out;
}

function build(node, svg, fresh) {
  if (node.tag === "#text") {
    node.el = document.createTextNode(node.text);
    return node.el;
  }
  const inSvg = svg || node.tag === "svg";
  const el = inSvg ? document.createElementNS(SVG, node.tag) : document.createElement(node.tag);
  node.el = el;
  for (const name in node.props) set(el, name, node.props[name]);
  if (!node.props.opaque) for (const kid of node.kids) el.appendChild(build(kid, inSvg, fresh));
  if (node.props.ref) fresh.push(node);
  return el;
}

function reconcile(parent, old, next, svg, fresh) {
  const matched = match(old, next);
  const kept = new Set(matched);
  for (const node of old) if (!kept.has(node)) drop(node);
  // Walk the page beside the description. What already stands in place is not touched: moving a node takes its focus.
  let at = parent.firstChild;
  for (let i = 0; i < next.length; i++) {
    const was = matched[i];
    if (was) patch(was, next[i], svg, fresh);
    else build(next[i], svg, fresh);
    const el = next[i].el;
    if (el === at) at = at.nextSibling;
    else parent.insertBefore(el, at);
  }
}

/** For each new node the old one it continues: same key, or without keys the next of the same tag. */
function match(old, next) {
  const keyed = new Map();
  const plain = new Map();
  for (const node of old) {
    if (node.key !== undefined) keyed.set(node.key, node);
    else if (plain.has(node.tag)) plain.get(node.tag).push(node);
    else plain.set(node.tag, [node]);
  }
  return next.map((node) => {
    if (node.key === undefined) return plain.get(node.tag)?.shift();
    const was = keyed.get(node.key);
    if (was && was.tag === node.tag) {
      keyed.delete(node.key);
      return was;
    }
    return undefined;
  });
}

function patch(was, node, svg, fresh) {
  const el = was.el;
  node.el = el;
  if (node.tag === "#text") {
    if (was.text !== node.text) el.data = node.text;
    return;
  }
  for (const name in was.props) if (!(name in node.props)) set(el, name, undefined);
  for (const name in node.props) {
    // What a person may have changed since is compared with the page, not with the last description.
    if (name === "value" || name === "checked" || was.props[name] !== node.props[name]) set(el, name, node.props[name]);
  }
  if (!node.props.opaque) reconcile(el, was.kids, node.kids, svg || node.tag === "svg", fresh);
}

function drop(node) {
  leave(node);
  node.el.remove();
}

function leave(node) {
  if (node.props.gone) node.props.gone(node.el);
  for (const kid of node.kids) leave(kid);
}

function set(el, name, value) {
  if (OURS.has(name)) return;
  if (name.startsWith("on")) {
    // What a handler returns means nothing: by the old rule of `on…` properties a false would cancel the event.
    el[name] = value ? (event) => void value.call(el, event) : null;
  } else if (name === "value" || name === "checked") {
    if (el[name] !== (value ?? "")) el[name] = value ?? "";
  } else if (name === "vars") {
    for (const key in value) el.style.setProperty(key, value[key]);
  } else if (value === undefined || value === null || (value === false && !name.startsWith("aria-"))) {
    el.removeAttribute(name);
  } else {
    el.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
  }
}
