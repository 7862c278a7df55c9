//! Scripts and styles for other people's visitors: without what only their authors read.
//!
//! Comments and white space go, names and order stay (but for `const`, which becomes the shorter `let`): a full
//! minifier would be a compiler to trust, and this is read in a sitting. Line ends stay wherever dropping one could
//! join two statements.

/// What the last thing kept was, as far as the next needs to know.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// Nothing yet.
    Start,
    /// A name, keyword or number; whether a value ends with it (a `/` after it divides).
    Word { ends_value: bool },
    /// A string, template or regular expression.
    Literal,
    /// One character of punctuation.
    Mark(u8),
}

/// White space seen since the last thing kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    Space,
    Line,
}

/// A script without comments, indentation and spaces nobody but a reader needs.
pub(super) fn script(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut kept = String::with_capacity(text.len());
    let (mut at, mut last, mut gap) = (0, Last::Start, Gap::None);
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b'\n' || byte.is_ascii_whitespace() {
            gap = if byte == b'\n' || gap == Gap::Line { Gap::Line } else { Gap::Space };
            at += 1;
            continue;
        }
        if bytes[at..].starts_with(b"//") {
            at += until(bytes, at, b'\n');
            continue;
        }
        if bytes[at..].starts_with(b"/*") {
            let length = text[at..].find("*/").map_or(text.len() - at, |found| found + 2);
            gap =
                if text[at..at + length].contains('\n') || gap == Gap::Line { Gap::Line } else { Gap::Space };
            at += length;
            continue;
        }
        let (end, next) = match byte {
            b'"' | b'\'' => (string_end(bytes, at), Last::Literal),
            b'`' => (template_end(bytes, at), Last::Literal),
            b'/' if !ends_value(last) => (regex_end(bytes, at), Last::Literal),
            _ if is_word(byte) => {
                let end = at + bytes[at..].iter().take_while(|b| is_word(**b)).count();
                let word = &text[at..end];
                // Written as `!0` and `!1`.
                let is_flag = matches!(word, "true" | "false") && last != Last::Mark(b'.');
                let next = Last::Word { ends_value: !BEFORE_VALUE.contains(&word) };
                (end, if is_flag { Last::Literal } else { next })
            }
            _ => (at + 1, Last::Mark(byte)),
        };
        // An empty statement is never written before a brace here, so the mark before it says nothing.
        if byte == b'}' && last == Last::Mark(b';') {
            kept.pop();
        }
        kept.push_str(parting(last, gap, next, byte));
        match &text[at..end] {
            // Nobody assigns to it: the linter and the tests run the files as they are written.
            "const" if last != Last::Mark(b'.') => kept.push_str("let"),
            "true" if last != Last::Mark(b'.') => kept.push_str("!0"),
            "false" if last != Last::Mark(b'.') => kept.push_str("!1"),
            number if byte.is_ascii_digit() => kept.extend(number.chars().filter(|c| *c != '_')),
            other => kept.push_str(other),
        }
        (at, last, gap) = (end, next, Gap::None);
    }
    kept
}

/// Keywords after which a `/` begins a regular expression.
const BEFORE_VALUE: [&str; 8] = ["return", "typeof", "case", "in", "of", "void", "delete", "await"];

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#') || byte >= 0x80
}

fn ends_value(last: Last) -> bool {
    match last {
        Last::Start => false,
        Last::Word { ends_value } => ends_value,
        Last::Literal => true,
        Last::Mark(mark) => matches!(mark, b')' | b']' | b'}'),
    }
}

/// What has to stand between two things that had a gap between them.
fn parting(last: Last, gap: Gap, next: Last, byte: u8) -> &'static str {
    let wordy = |one: Last| matches!(one, Last::Word { .. });
    let signs = |one: Last| matches!(one, Last::Mark(b'+' | b'-'));
    match gap {
        Gap::None => "",
        _ if last == Last::Start => "",
        Gap::Line if joins(last, byte) => "",
        Gap::Line => "\n",
        Gap::Space if wordy(last) && (wordy(next) || byte == b'/' && next == Last::Literal) => " ",
        // `a - -b` and `a + ++b` are not `a--b` and `a+++b`.
        Gap::Space if signs(last) && signs(next) => " ",
        Gap::Space => "",
    }
}

/// A line end that can go: the statement plainly goes on over it, or is plainly over before it. What ends with a brace
/// is a block, since every other statement here ends with a semicolon.
fn joins(last: Last, byte: u8) -> bool {
    let open = matches!(
        last,
        Last::Mark(b'(' | b'{' | b'}' | b'[' | b',' | b';' | b'&' | b'|' | b'?' | b':' | b'=' | b'<' | b'>')
    );
    open || matches!(byte, b')' | b']' | b'}' | b'.' | b',' | b'?' | b':' | b'&' | b'|' | b'=')
}

/// Bytes up to the next `mark`, or to the end.
fn until(bytes: &[u8], at: usize, mark: u8) -> usize {
    bytes[at..].iter().position(|byte| *byte == mark).unwrap_or(bytes.len() - at)
}

fn string_end(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != quote {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    (end + 1).min(bytes.len())
}

/// Templates are kept as they are, whatever stands within their braces.
fn template_end(bytes: &[u8], at: usize) -> usize {
    let (mut end, mut depth) = (at + 1, 0);
    while end < bytes.len() {
        match bytes[end] {
            b'\\' => end += 1,
            b'`' if depth == 0 => return end + 1,
            b'`' => end = template_end(bytes, end) - 1,
            b'"' | b'\'' if depth > 0 => end = string_end(bytes, end) - 1,
            b'$' if depth == 0 && bytes.get(end + 1) == Some(&b'{') => {
                depth = 1;
                end += 1;
            }
            b'{' if depth > 0 => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            _ => {}
        }
        end += 1;
    }
    bytes.len()
}

fn regex_end(bytes: &[u8], at: usize) -> usize {
    let (mut end, mut in_class) = (at + 1, false);
    while end < bytes.len() && (in_class || bytes[end] != b'/') {
        match bytes[end] {
            b'\\' => end += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            _ => {}
        }
        end += 1;
    }
    end = (end + 1).min(bytes.len());
    end + bytes[end..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count()
}

/// A style sheet without comments, line ends and spaces around its marks. Spaces before a colon and around `+` and
/// `-` mean something and stay.
pub(super) fn style(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    let mut gap = false;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("/*") {
            rest = after.split_once("*/").map_or("", |(_, after)| after);
            gap = true;
            continue;
        }
        if first.is_whitespace() {
            gap = true;
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let end = if matches!(first, '"' | '\'') { string_end(rest.as_bytes(), 0) } else { first.len_utf8() };
        if first == '}' && kept.ends_with(';') {
            kept.pop();
        }
        let tight = kept.is_empty()
            || kept.ends_with(['{', '}', ';', ',', ':', '>'])
            || matches!(first, '{' | '}' | ';' | ',' | '>');
        if gap && !tight {
            kept.push(' ');
        }
        kept.push_str(&rest[..end]);
        rest = &rest[end..];
        gap = false;
    }
    kept
}

/// The words of a language file that the widget uses: one a line, by their keys.
pub(super) fn words(file: &str) -> String {
    let ours = |line: &&str| {
        let line = line.trim_start();
        !line.starts_with('"') || line.starts_with("\"widget.") || line.starts_with("\"time.")
    };
    file.lines().filter(ours).map(|line| format!("{line}\n")).collect()
}

/// The symbols of the sprite that are named, and its frame.
pub(super) fn symbols(sprite: &str, names: &[&str]) -> String {
    let ours = |line: &&str| {
        let id = line.split("id=\"i-").nth(1).and_then(|rest| rest.split('"').next());
        id.is_none_or(|id| names.contains(&id))
    };
    sprite.lines().filter(ours).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_loses_what_only_its_authors_read() {
        for (written, kept) in [
            ("// a\nlet a = 1; // b\nlet b = 2;\n", "let a=1;let b=2;"),
            ("/** doc\n */\nfoo();\nbar();", "foo();bar();"),
            ("a\n  .b()\n  .c();", "a.b().c();"),
            ("const f = (x) => ({ y: x });", "let f=(x)=>({y:x});"),
            ("const ms = 20_000 + a_b;", "let ms=20000+a_b;"),
            ("return true === a.false", "return!0===a.false"),
            ("function a() {\n  b();\n}", "function a(){b()}"),
            ("if (a) return x\nb()", "if(a)return x\nb()"),
            ("x++\ny()", "x++\ny()"),
            ("a - -b + ++c", "a- -b+ ++c"),
            ("a / b / c", "a/b/c"),
            ("return /a b[/ ]/g.test(x)", "return /a b[/ ]/g.test(x)"),
            ("x = f( /, +/ )", "x=f(/, +/)"),
            ("s = \"a // b  c\" + 'it\\'s  /* no */'", "s=\"a // b  c\"+'it\\'s  /* no */'"),
            ("`a  ${ b ? `c  ${ d }` : \"}\" }  e // f`", "`a  ${ b ? `c  ${ d }` : \"}\" }  e // f`"),
            ("import { h } from \"/web/dom.js\";", "import{h}from\"/web/dom.js\";"),
            ("async function f() {\n}\nclass A {\n  #b = 1;\n}\n", "async function f(){}class A{#b=1}"),
        ] {
            assert_eq!(script(written), kept);
            assert_eq!(script(kept), kept, "once is enough");
        }
    }

    #[test]
    fn a_style_sheet_keeps_the_spaces_that_mean_something() {
        let written = "/* a */\n.a > b, .c :hover {\n  width: calc(100% - 2px);\n  margin: 0 auto;\n  content: \"a  b\";\n}\n@media (max-width: 480px) { d { top: 0; } }";
        let kept = ".a>b,.c :hover{width:calc(100% - 2px);margin:0 auto;content:\"a  b\"}@media (max-width:480px){d{top:0}}";
        assert_eq!(style(written), kept);
        assert_eq!(style(kept), kept);
    }

    #[test]
    fn of_the_words_and_symbols_only_those_of_the_widget_are_left() {
        let file =
            "export default {\n  \"agent.a\": \"A\",\n  \"time.now\": \"now\",\n  \"widget.b\": \"B\",\n};\n";
        assert_eq!(words(file), "export default {\n  \"time.now\": \"now\",\n  \"widget.b\": \"B\",\n};\n");
        let sprite = "<svg>\n<symbol id=\"i-a\"></symbol>\n<symbol id=\"i-b\"></symbol>\n</svg>\n";
        assert_eq!(symbols(sprite, &["b"]), "<svg>\n<symbol id=\"i-b\"></symbol>\n</svg>\n");
    }
}
