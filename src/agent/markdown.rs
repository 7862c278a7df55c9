//! Markdown of knowledge articles, read into a small tree of what is allowed: headings, paragraphs, lists, quotes, code,
//! emphasis, links (REQ S2-36). One reading serves the preview on the desk, the page customers see and the plain text.
//!
//! What it does not know becomes text: raw HTML is shown as it was typed, a picture as its description, a link to
//! anything but a web page, a mail or a telephone as its words.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};
use serde::Serialize;

use super::transcript::escaped;
use crate::limits::{MARKDOWN_DEPTH_MAX, MARKDOWN_NODES_MAX};

/// A piece of an article: a text, or an element of the few there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Node {
    /// `h2 h3 h4 p ul ol li blockquote pre code em strong a hr br`; empty for a text.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub tag: &'static str,
    /// Of a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// Of a text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// What it holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kids: Vec<Node>,
}

/// Reads an article. Never deeper than [`MARKDOWN_DEPTH_MAX`] nor more than [`MARKDOWN_NODES_MAX`] pieces: what lies
/// deeper stands at that depth, what comes after is left out.
pub fn read(text: &str) -> Vec<Node> {
    let mut open: Vec<Node> = vec![Node::default()];
    // Deeper elements that were not opened.
    let mut skipped = 0;
    for (count, event) in Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH).enumerate() {
        if count >= MARKDOWN_NODES_MAX {
            break;
        }
        match event {
            Event::Start(tag) => {
                if open.len() > MARKDOWN_DEPTH_MAX {
                    skipped += 1;
                } else {
                    open.push(element(&tag));
                }
            }
            Event::End(_) if skipped > 0 => skipped -= 1,
            Event::End(_) => close(&mut open),
            Event::Code(text) => {
                let kids = vec![words(&text)];
                put(&mut open, Node { tag: "code", kids, ..Node::default() });
            }
            Event::SoftBreak => put(&mut open, words(" ")),
            Event::HardBreak => put(&mut open, Node { tag: "br", ..Node::default() }),
            Event::Rule => put(&mut open, Node { tag: "hr", ..Node::default() }),
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => put(&mut open, words(&text)),
            Event::TaskListMarker(_) => {}
        }
    }
    while open.len() > 1 {
        close(&mut open);
    }
    open.pop().map(|root| root.kids).unwrap_or_default()
}

fn words(text: &str) -> Node {
    Node { text: text.to_owned(), ..Node::default() }
}

fn put(open: &mut [Node], node: Node) {
    if let Some(last) = open.last_mut() {
        last.kids.push(node);
    }
}

fn close(open: &mut Vec<Node>) {
    if open.len() > 1
        && let Some(node) = open.pop()
    {
        // An element that is none of ours gives its content to what holds it.
        if node.tag.is_empty() {
            for kid in node.kids {
                put(open, kid);
            }
        } else {
            put(open, node);
        }
    }
}

fn element(tag: &Tag<'_>) -> Node {
    let name = match tag {
        Tag::Paragraph | Tag::HtmlBlock => "p",
        Tag::Heading { level: HeadingLevel::H1 | HeadingLevel::H2, .. } => "h2",
        Tag::Heading { level: HeadingLevel::H3, .. } => "h3",
        Tag::Heading { .. } => "h4",
        Tag::BlockQuote(_) => "blockquote",
        Tag::CodeBlock(_) => "pre",
        Tag::List(None) => "ul",
        Tag::List(Some(_)) => "ol",
        Tag::Item => "li",
        Tag::Emphasis => "em",
        Tag::Strong => "strong",
        Tag::Link { dest_url, .. } if is_safe(dest_url) => "a",
        _ => "",
    };
    let href = match tag {
        Tag::Link { dest_url, .. } if name == "a" => Some(dest_url.to_string()),
        _ => None,
    };
    Node { tag: name, href, ..Node::default() }
}

/// A web page, a mail, a telephone; never a script, a file or a page of the box itself.
fn is_safe(address: &str) -> bool {
    let lower: String = address.chars().take(8).collect::<String>().to_ascii_lowercase();
    let plain = address.chars().all(|c| !c.is_control() && !c.is_whitespace());
    plain && ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| lower.starts_with(scheme))
}

/// As HTML: every text escaped, nothing but the elements of [`Node`].
pub fn html(nodes: &[Node]) -> String {
    let mut page = String::new();
    write_html(nodes, &mut page);
    page
}

fn write_html(nodes: &[Node], page: &mut String) {
    for node in nodes {
        match (node.tag, &node.href) {
            ("", _) => page.push_str(&escaped(&node.text)),
            ("br" | "hr", _) => page.push_str(&format!("<{}>", node.tag)),
            ("a", Some(href)) => {
                page.push_str(&format!(
                    "<a href=\"{}\" rel=\"noopener noreferrer nofollow\">",
                    escaped(href)
                ));
                write_html(&node.kids, page);
                page.push_str("</a>");
            }
            (tag, _) => {
                page.push_str(&format!("<{tag}>"));
                write_html(&node.kids, page);
                page.push_str(&format!("</{tag}>"));
            }
        }
    }
}

/// As plain text, to be sent as a message: without `<` and `>`, which agents cannot send.
pub fn plain(nodes: &[Node]) -> String {
    let mut text = String::new();
    write_plain(nodes, &mut text);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut joined = lines.join("\n").replace(['<', '>'], "");
    while joined.contains("\n\n\n") {
        joined = joined.replace("\n\n\n", "\n\n");
    }
    joined.trim().to_owned()
}

fn write_plain(nodes: &[Node], text: &mut String) {
    for (at, node) in nodes.iter().enumerate() {
        match node.tag {
            "" => text.push_str(&node.text),
            "br" => text.push('\n'),
            "hr" => text.push_str("\n\n"),
            "li" => {
                text.push_str("\n- ");
                write_plain(&node.kids, text);
            }
            "p" | "h2" | "h3" | "h4" | "blockquote" | "pre" | "ul" | "ol" => {
                if at > 0 {
                    text.push_str("\n\n");
                }
                write_plain(&node.kids, text);
            }
            "a" => {
                write_plain(&node.kids, text);
                let href = node.href.as_deref().unwrap_or_default();
                if !text.ends_with(href) {
                    text.push_str(&format!(" ({href})"));
                }
            }
            _ => write_plain(&node.kids, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_article_needs_is_there() {
        let nodes = read(
            "# Returns\n\nWithin **30 days**, see [the shop](https://shop.example/r).\n\n- box\n- receipt\n",
        );
        assert_eq!(
            html(&nodes),
            "<h2>Returns</h2><p>Within <strong>30 days</strong>, see \
             <a href=\"https://shop.example/r\" rel=\"noopener noreferrer nofollow\">the shop</a>.</p>\
             <ul><li>box</li><li>receipt</li></ul>"
        );
        assert_eq!(
            plain(&nodes),
            "Returns\n\nWithin 30 days, see the shop (https://shop.example/r).\n\n- box\n- receipt"
        );
    }

    #[test]
    fn nothing_hostile_becomes_markup() {
        for text in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](data:text/html,<script>alert(1)</script>)",
            "![x](https://evil.example/track.png)",
            "[x](/api/v1/logout)",
            "<svg/onload=alert(1)>",
            "[x](https://a.example/\"onmouseover=alert(1))",
            "`<script>`",
            "```html\n<script>\n```",
            "<!-- --> <iframe srcdoc='<script>'>",
        ] {
            let page = html(&read(text));
            for tag in page.split('<').skip(1) {
                let name: String =
                    tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
                assert!(["p", "a", "code", "pre"].contains(&&*name), "{text}: {page}");
            }
            assert!(
                !page.contains("href=\"javascript")
                    && !page.contains("href=\"data")
                    && !page.contains("href=\"/"),
                "{page}"
            );
            assert!(!page.contains("\"onmouseover"), "{page}");
            assert!(!plain(&read(text)).contains(['<', '>']), "{text}");
        }
    }

    #[test]
    fn depth_and_number_have_an_end() {
        let deep = format!("{}x", "> ".repeat(5_000));
        let page = html(&read(&deep));
        assert!(page.matches("<blockquote>").count() <= MARKDOWN_DEPTH_MAX, "{}", page.len());
        assert!(page.contains('x'));
        let long = "*a* ".repeat(20_000 / 4);
        assert!(html(&read(&long)).len() < 64 * 1024);
        for hostile in ["[".repeat(20_000), "*".repeat(20_000), "`".repeat(20_000), "![[".repeat(6_000)] {
            read(&hostile);
        }
    }
}
