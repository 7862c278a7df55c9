//! Every page in every language: words of that language, and room for them (REQ B-9). Pictures land in `target/screenshots`.

use serde_json::json;

use crate::page::Browser;
use crate::support::Desk;
use crate::tour;

/// Where words are cut, stick out of what they stand in, or make the page wider than its window.
const CRAMPED: &str = r#"
  const out = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) out.push(`the page is ${wide} wide, its window ${innerWidth}`);
  const says = (el) => [...el.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  for (const el of document.querySelectorAll("body *")) {
    if (!says(el) || el.closest(".vh, svg, option, textarea") || !el.checkVisibility({ visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(el);
    const text = range.getBoundingClientRect();
    if (!text.width) continue;
    const name = `${el.className || el.tagName}: ${el.textContent.trim().slice(0, 60)}`;
    const button = el.closest("button, .btn, .tag, .pill");
    const holder = button?.getBoundingClientRect();
    if (holder && getComputedStyle(el).textOverflow !== "ellipsis" && (text.right > holder.right + 1 || text.left < holder.left - 1))
      out.push(`sticks out of its button: ${name}`);
    for (let up = el; up; up = up.parentElement) {
      const style = getComputedStyle(up);
      if (style.overflowX === "visible") continue;
      const clip = up.getBoundingClientRect();
      const meant = style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none" || style.overflowX !== "hidden";
      if (!meant && (text.right > clip.right + 1 || text.left < clip.left - 1)) out.push(`is cut: ${name}`);
      break;
    }
  }
  return out;
"#;

fn fits(page: &Browser, language: &str, state: &str) {
    let cramped = page.run(CRAMPED, json!([]));
    assert_eq!(cramped, json!([]), "{language}, {state}");
    // A key without a text would stand there as itself.
    let words = page.run("return document.body.innerText + document.title;", json!([]));
    let words = words.as_str().unwrap_or_default();
    for bare in ["agent.", "widget.", "time."] {
        let key = words.split_whitespace().find(|word| word.starts_with(bare));
        assert_eq!(key, None, "{language}, {state}");
    }
    assert_eq!(page.run("return document.documentElement.lang;", json!([])), language, "{state}");
}

fn in_language(desk: &Desk, language: &str) -> Browser {
    let page = Browser::new(desk);
    page.speaks(language);
    page
}

fn walk(language: &str) {
    let desk = tour::branch(&tour::MONDAY);
    let _company = tour::desktop(&desk, in_language(&desk, language), &mut |page: &Browser, state: &str| {
        page.picture(&format!("{language}-desktop-{state}"));
        fits(page, language, state);
    });
    let quiet = tour::branch(&tour::MONDAY);
    let page = in_language(&quiet, language);
    page.size(390, 700, true);
    tour::widget(&quiet, &page, &mut |page: &Browser, state: &str| {
        page.picture(&format!("{language}-widget-{state}"));
        fits(page, language, &format!("widget, {state}"));
    });
}

#[test]
fn every_page_fits_in_english() {
    walk("en");
}

#[test]
fn every_page_fits_in_dutch() {
    walk("nl");
}

#[test]
fn every_page_fits_in_czech() {
    walk("cs");
}

#[test]
fn every_page_fits_in_danish() {
    walk("da");
}

#[test]
fn the_language_is_the_agents_choice_else_the_browsers_else_the_desks() {
    let desk = Desk::start_with_desk(&[("locale = \"en\"", "locale = \"da\"")], &[]);
    let page = in_language(&desk, "fi");
    let speaks = |page: &Browser, word: &str| {
        page.see_text(".signin__in .btn--main, .sessions", word);
    };
    page.go("/agent/");
    // Before anybody signs in the desk's language is not known, and Finnish has no file.
    speaks(&page, "Sign in");
    let agent = crate::people::Agent { page };
    agent.sign_in("alice");
    speaks(&agent.page, "Sessioner");
    agent.page.press("#account");
    agent.page.press_text(".menu [role=menuitemradio]", "Nederlands");
    speaks(&agent.page, "Sessies");
    agent.page.reload();
    speaks(&agent.page, "Sessies");

    let czech = in_language(&desk, "cs");
    czech.go("/agent/");
    speaks(&czech, "Přihlásit");

    // The widget: the page's own language before the browser's.
    let shop = in_language(&desk, "cs");
    shop.go("/demo/");
    shop.run("document.documentElement.lang = 'nl';", json!([]));
    shop.press("deskbell-chat >>> button[aria-expanded]");
    shop.enter("deskbell-chat >>> iframe");
    shop.see("#f-name");
    let lang = shop.run("return document.documentElement.lang;", json!([]));
    assert_eq!(lang, "nl", "the page's, though the browser's is Czech");
    let own = in_language(&desk, "fi");
    own.go("/widget/shop");
    own.until("the desk's language", || {
        (own.run("return document.documentElement.lang;", json!([])) == "da").then_some(())
    });
}
