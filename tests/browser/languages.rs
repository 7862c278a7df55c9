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
  const said = (el) => [...el.childNodes].filter((node) => node.nodeType === 3 && node.data.trim());
  for (const el of document.querySelectorAll("body *")) {
    const own = said(el);
    if (!own.length || el.closest(".vh, svg, option, textarea") || !el.checkVisibility({ visibilityProperty: true })) continue;
    const range = document.createRange();
    // From the first of its own words to the last: what stands in it for screen readers only is cut on purpose.
    range.setStartBefore(own[0]);
    range.setEndAfter(own.at(-1));
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

/// What does not fit, over all states: a walk that ends at the first tells little.
#[derive(Default)]
struct Cramped(Vec<String>);

impl Cramped {
    fn look(&mut self, page: &Browser, state: &str) {
        let found = page.run(CRAMPED, json!([]));
        let lines = found.as_array().into_iter().flatten();
        self.0.extend(lines.map(|line| format!("{state}: {}", line.as_str().unwrap_or_default())));
    }

    /// As on a tablet at the counter, and at 200 % of a small screen; there each pane is a page.
    fn look_narrow(&mut self, page: &Browser, state: &str) {
        for (width, height) in [(820, 1180), (640, 450)] {
            page.size(width, height, false);
            let pages = if page.shows(".pages button") && !page.shows("dialog, .menu") { 3 } else { 0 };
            if pages == 0 {
                self.look(page, &format!("{state} at {width}"));
            }
            for place in 1..=pages {
                page.press(&format!(".pages button:nth-of-type({place})"));
                self.look(page, &format!("{state}, page {place} at {width}"));
            }
            if PICTURED.contains(&state) {
                page.picture(&format!("narrow-{width}-{state}"));
            }
        }
        page.size(1440, 900, false);
    }

    fn verdict(self, language: &str) {
        assert!(self.0.is_empty(), "{language}: {} do not fit\n{}", self.0.len(), self.0.join("\n"));
    }
}

/// States whose narrow face is kept as a picture.
const PICTURED: [&str; 9] = [
    "alert",
    "find",
    "find-reading",
    "figures",
    "live",
    "live-routing",
    "transfer",
    "transcript",
    "article-page",
];

fn speaks(page: &Browser, language: &str, state: &str) {
    // A key without a text would stand there as itself.
    let words = page.run("return document.body.innerText + document.title;", json!([]));
    let words = words.as_str().unwrap_or_default();
    for bare in ["agent.", "paper.", "widget.", "time."] {
        let key = words.split_whitespace().find(|word| word.starts_with(bare) && word.len() > bare.len());
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
    let locale = format!("locale = \"{language}\"");
    let desks = [("locale = \"en\"", &*locale), tour::BY_OFFICE_HOURS];
    let mut cramped = Cramped::default();
    let desk = tour::branch_with(&desks, &tour::MONDAY);
    let _company = tour::desktop(&desk, in_language(&desk, language), &mut |page: &Browser, state: &str| {
        page.picture(&format!("{language}-desktop-{state}"));
        cramped.look(page, state);
        speaks(page, language, state);
        cramped.look_narrow(page, state);
    });
    for (options, walk) in [(tour::MONDAY, true), (tour::SUNDAY, false)] {
        let quiet = tour::branch_with(&desks, &options);
        let page = in_language(&quiet, language);
        page.size(390, 700, true);
        let look: &mut dyn FnMut(&Browser, &str) = &mut |page, state| {
            page.picture(&format!("{language}-widget-{state}"));
            cramped.look(page, &format!("widget, {state}"));
            speaks(page, language, &format!("widget, {state}"));
        };
        if walk { tour::widget(&quiet, &page, look) } else { tour::closed_widget(&page, look) }
    }
    cramped.verdict(language);
}

/// The admin pages are in English; what stands in them is the desk's.
#[test]
fn every_admin_page_fits_wide_and_at_twice_the_size() {
    let desk = tour::branch(&tour::MONDAY);
    let page = Browser::new(&desk);
    let mut cramped = Cramped::default();
    let mut pages = 0;
    tour::admin(&page, &mut |page: &Browser, state: &str| {
        pages += 1;
        let name = state.trim_matches('/').replace(['/', '?', '=', ' '], "-");
        page.picture(&format!("{name}-wide"));
        cramped.look(page, state);
        cramped.look_narrow(page, state);
        page.size(640, 450, false);
        page.picture(&format!("{name}-zoomed"));
        page.size(1440, 900, false);
    });
    assert!(pages >= 40, "only {pages} pages");
    cramped.verdict("admin");
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
