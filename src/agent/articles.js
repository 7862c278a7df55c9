/**
 * Knowledge articles beside the conversation: found by their words, read, and shared as a text or a link (REQ S2-36).
 *
 * The box reads the Markdown; what comes is a tree of the few elements there are, drawn as elements and text nodes.
 */

import { h, icon } from "/web/dom.js";
import { t } from "/web/i18n.js";
import { findArticles, readArticle, shareArticle } from "./acts.js";
import { button } from "./parts.js";
import { canType } from "./state.js";

const TAGS = new Set(["h2", "h3", "h4", "p", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "hr", "br"]);

/** @param {any} node */
function drawn(node, key) {
  const kids = (node.kids || []).map(drawn);
  if (!node.tag) return node.text || kids;
  if (node.tag === "a" && /^(https?:|mailto:|tel:)/i.test(node.href || ""))
    return h("a", { key, href: node.href, target: "_blank", rel: "noopener noreferrer" }, kids);
  return TAGS.has(node.tag) ? h(node.tag, { key }, kids) : kids;
}

/** @param {any} state @param {any} one */
export function articlesPanel(state, one) {
  return state.articles?.reading ? reading(state.articles.reading, one) : list(state);
}

function list(state) {
  const found = state.articles?.filter ? state.articles.items : state.settings.articles;
  const none = (text) => h("p", { class: "t-3", role: "status" }, text);
  return h(
    "section",
    { class: "sect" },
    h(
      "div",
      { class: "find" },
      icon("search"),
      h("input", {
        type: "search",
        "aria-label": t("agent.articles.search"),
        placeholder: t("agent.articles.search"),
        value: state.articles?.filter || "",
        oninput: (event) => findArticles(event.currentTarget.value),
      }),
    ),
    found === null
      ? none(t("agent.loading"))
      : found.length
        ? h(
            "ul",
            { class: "articles" },
            found.map((article) =>
              h(
                "li",
                { key: article.id, class: "article" },
                button({ class: "link", onclick: () => readArticle(article.id) }, article.title),
                article.excerpt && h("p", { class: "clamp" }, article.excerpt),
              ),
            ),
          )
        : none(t("agent.articles.none")),
  );
}

function reading(article, one) {
  const share = (text) => shareArticle(one.conversation, article, text);
  return h(
    "section",
    { class: "sect" },
    button(
      { class: "btn btn--small", onclick: () => readArticle(null) },
      icon("back", { small: true }),
      t(one ? "agent.articles.back" : "agent.dialog.close"),
    ),
    article.loading
      ? h("p", { class: "t-3", role: "status" }, t("agent.loading"))
      : article.failed
        ? h("p", { class: "t-3" }, t("agent.history.failed"), button({ class: "btn btn--small btn--line", onclick: () => readArticle(article.id) }, t("agent.again")))
        : [
            one && canType(one) &&
              h(
                "p",
                { class: "article__acts" },
                button({ class: "btn btn--small btn--line", onclick: () => share(article.text) }, t("agent.articles.text")),
                button({ class: "btn btn--small btn--line", onclick: () => share(article.link || article.address) }, t("agent.articles.link")),
              ),
            h("article", { class: "article__text" }, h("h3", null, article.title), (article.nodes || []).map(drawn)),
            h("p", { class: "t-3" }, t("agent.articles.shared", { count: article.shares, n: article.shares })),
          ],
  );
}
