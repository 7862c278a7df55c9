//! From a posted form to the entry of the desk file it speaks of.
//!
//! Nothing is judged here: a number that is none is written as the text it is, and the loader says so at its
//! place. A field that the form does not hold is left as it is.

use toml::{Table, Value};

use super::document::{at, put};
use super::field::{Cell, Column, Field, Kind};
use super::posted::Pairs;

/// Rows a form may hold for one field; the loader's own bounds are lower or said at the field.
const ROWS_MAX: usize = 512;

/// Writes one field of a form into an entry. `locale` is the language of the desk.
pub(super) fn write(entry: &mut Table, field: &Field, form: &Pairs, locale: &str) {
    let key = field.key;
    // Boxes that are not ticked send nothing: the form says which ones it has.
    let has_boxes = || form.all("has").any(|has| has == key);
    let posted = || form.get(key).map(clean);
    let value = match field.kind {
        Kind::Line | Kind::Choice(_) | Kind::Pick(..) | Kind::Password => match posted() {
            Some(text) => some_text(text.trim()),
            None => return,
        },
        Kind::Lines => match posted() {
            Some(text) => some_text(text.trim_end()),
            None => return,
        },
        Kind::Number => match posted() {
            Some(text) => number(text.trim()),
            None => return,
        },
        Kind::Maybe(_) => match form.get(key) {
            Some("true") => Some(Value::Boolean(true)),
            Some("false") => Some(Value::Boolean(false)),
            Some(other) => some_text(other),
            None => return,
        },
        Kind::Flag(_) if has_boxes() => Some(Value::Boolean(form.get(key).is_some())),
        Kind::Ticks(_) if has_boxes() => Some(list(form.all(key).map(str::to_owned))),
        Kind::Flag(_) | Kind::Ticks(_) => return,
        Kind::Texts(lines) => match posted() {
            Some(main) => texts(form, key, &main, locale, lines),
            None => return,
        },
        Kind::List => match posted() {
            Some(text) => {
                some_list(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned))
            }
            None => return,
        },
        Kind::Pems => match posted() {
            Some(text) => some_list(pem_blocks(&text)),
            None => return,
        },
        Kind::Spans => match posted() {
            Some(text) => some_list(spans(&text)),
            None => return,
        },
        Kind::Pairs => match posted() {
            Some(text) => pairs(&text),
            None => return,
        },
        Kind::Rows(columns) => match rows(entry, form, key, columns, locale) {
            Some(rows) => Some(rows),
            None => return,
        },
    };
    put(entry, key, value);
}

/// Browsers send every line end as CRLF.
fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn some_text(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| Value::String(text.to_owned()))
}

fn number(text: &str) -> Option<Value> {
    match text.parse::<i64>() {
        Ok(number) => Some(Value::Integer(number)),
        Err(_) => some_text(text),
    }
}

fn list(texts: impl Iterator<Item = String>) -> Value {
    Value::Array(texts.map(Value::String).collect())
}

fn some_list(texts: impl Iterator<Item = String>) -> Option<Value> {
    match list(texts) {
        Value::Array(list) if list.is_empty() => None,
        list => Some(list),
    }
}

/// One text, or a table when another language has its own.
fn texts(form: &Pairs, key: &str, main: &str, locale: &str, lines: bool) -> Option<Value> {
    let trim = |text: &str| if lines { text.trim_end().to_owned() } else { text.trim().to_owned() };
    let main = trim(main);
    let start = format!("{key}@");
    let mut each: Table = form
        .below(&start)
        .map(|(lang, text)| (lang.to_owned(), trim(&clean(text))))
        .filter(|(lang, text)| !text.is_empty() && !lang.is_empty())
        .map(|(lang, text)| (lang, Value::String(text)))
        .collect();
    if each.is_empty() {
        return some_text(&main);
    }
    if !main.is_empty() {
        each.insert(locale.to_owned(), Value::String(main));
    }
    Some(Value::Table(each))
}

/// Each block with its frame; what stands outside one is kept as a block of its own, to be a fault.
fn pem_blocks(text: &str) -> impl Iterator<Item = String> {
    const END: &str = "-----END PUBLIC KEY-----";
    text.split_inclusive(END).map(|block| block.trim().to_owned()).filter(|block| !block.is_empty())
}

fn spans(text: &str) -> impl Iterator<Item = String> {
    text.split([',', ';', '\n']).map(|span| span.trim().replace('–', "-")).filter(|span| !span.is_empty())
}

fn pairs(text: &str) -> Option<Value> {
    let mut table = Table::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        // `items >= 3` is as clear as `items = >= 3`.
        let (key, value) = line.split_at(line.find(['=', '>', '<', '!']).unwrap_or(line.len()));
        let value = value.strip_prefix('=').unwrap_or(value);
        table.insert(key.trim().to_owned(), Value::String(value.trim().to_owned()));
    }
    (!table.is_empty()).then_some(Value::Table(table))
}

/// The rows of a form: each stands on the one it was made from, so that what a row does not show stays.
fn rows(entry: &Table, form: &Pairs, key: &str, columns: &[Column], locale: &str) -> Option<Value> {
    if !form.all("has").any(|has| has == key) {
        return None;
    }
    let before: Vec<Table> = at(entry, key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_table)
        .cloned()
        .collect();
    let count = form.text(&format!("{key}.rows")).parse::<usize>().unwrap_or(0).min(ROWS_MAX);
    let mut rows = Vec::new();
    for index in 0..count {
        let name = |column: &str| format!("{key}[{index}].{column}");
        let is_blank = |column: &&Column| {
            matches!(column.kind, Cell::Flag | Cell::Choice(_))
                || form.text(&name(column.key)).trim().is_empty()
        };
        if columns.iter().all(|column| is_blank(&column)) {
            continue;
        }
        let was = form.text(&name("was")).parse::<usize>().ok();
        let mut row = was.and_then(|was| before.get(was).cloned()).unwrap_or_default();
        for column in columns {
            cell(&mut row, column, &clean(form.text(&name(column.key))), locale);
        }
        rows.push(Value::Table(row));
    }
    Some(Value::Array(rows))
}

fn cell(row: &mut Table, column: &Column, posted: &str, locale: &str) {
    let posted = posted.trim();
    let value = match column.kind {
        Cell::Line | Cell::Choice(_) => some_text(posted),
        Cell::Flag => Some(Value::Boolean(!posted.is_empty())),
        Cell::Spans => some_list(spans(posted)),
        Cell::Options => options(row.get(column.key), posted, locale),
        Cell::Text => text_cell(row.get(column.key), posted, locale),
    };
    put(row, column.key, value);
}

fn text_cell(before: Option<&Value>, posted: &str, locale: &str) -> Option<Value> {
    let Some(Value::Table(texts)) = before else { return some_text(posted) };
    let mut texts = texts.clone();
    match some_text(posted) {
        Some(text) => texts.insert(locale.to_owned(), text),
        None => texts.remove(locale),
    };
    (!texts.is_empty()).then_some(Value::Table(texts))
}

/// Options that were there in several languages keep them, as long as they stand at the same place.
fn options(before: Option<&Value>, posted: &str, locale: &str) -> Option<Value> {
    let before = before.and_then(Value::as_array);
    let words = posted.split('|').map(str::trim).filter(|word| !word.is_empty()).enumerate();
    let options: Vec<Value> = words
        .filter_map(|(index, word)| text_cell(before.and_then(|list| list.get(index)), word, locale))
        .collect();
    (!options.is_empty()).then_some(Value::Array(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(field: Field, before: &str, form: &str) -> String {
        let mut entry: Table = before.parse().unwrap();
        write(&mut entry, &field, &Pairs::parse(form).unwrap(), "en");
        entry.to_string()
    }

    #[test]
    fn a_field_that_the_form_does_not_hold_is_left_alone() {
        for kind in [Kind::Line, Kind::Number, Kind::Flag(""), Kind::Texts(false), Kind::Rows(&[])] {
            assert_eq!(written(Field::new("units", "", kind), "units = 3", "name=x"), "units = 3\n");
        }
    }

    #[test]
    fn a_number_that_is_none_is_written_as_it_was_typed() {
        let field = Field::new("a.units", "", Kind::Number);
        assert_eq!(written(field, "", "a.units=+40+"), "[a]\nunits = 40\n");
        assert_eq!(written(field, "", "a.units=many"), "[a]\nunits = \"many\"\n");
        assert_eq!(written(field, "a = { units = 4 }", "a.units="), "");
    }

    #[test]
    fn a_switch_that_may_be_left_out_is_left_out() {
        let field = Field::new("a.b", "", Kind::Maybe(["", "", ""]));
        assert_eq!(written(field, "a = { b = true }", "a.b=false"), "[a]\nb = false\n");
        assert_eq!(written(field, "a = { b = true }", "a.b="), "");
        assert_eq!(written(field, "", "a.b=maybe"), "[a]\nb = \"maybe\"\n");
        assert_eq!(written(field, "a = { b = true }", "x=y"), "[a]\nb = true\n");
    }

    #[test]
    fn a_condition_may_be_written_with_or_without_the_first_sign() {
        let field = Field::new("c", "", Kind::Pairs);
        let form = "c=plan+%3D+gold%0Aitems+%3E%3D+3%0Amember%3D!%3D+no%0Aage+%3C+18%0Aalone";
        let after: Table = written(field, "", form).parse().unwrap();
        let expected =
            "c = { plan = \"gold\", items = \">= 3\", member = \"!= no\", age = \"< 18\", alone = \"\" }";
        assert_eq!(after, expected.parse().unwrap());
    }

    #[test]
    fn a_row_keeps_what_it_does_not_show() {
        const COLUMNS: &[Column] = &[
            Column { key: "label", label: "", kind: Cell::Text },
            Column { key: "value", label: "", kind: Cell::Line },
        ];
        let field = Field::new("fields", "", Kind::Rows(COLUMNS));
        let before = "fields = [{ label = \"One\", value = \"1\" }, { label = { en = \"Two\", nl = \"Twee\" }, value = \"2\" }]";
        let form = "has=fields&fields.rows=3&fields[0].label=&fields[0].value=&fields[0].was=0\
                    &fields[1].label=Second&fields[1].value=2&fields[1].was=1&fields[2].label=&fields[2].value=";
        let after: Table = written(field, before, form).parse().unwrap();
        let expected: Table =
            "fields = [{ label = { en = \"Second\", nl = \"Twee\" }, value = \"2\" }]".parse().unwrap();
        assert_eq!(after, expected);
    }

    #[test]
    fn a_text_becomes_a_table_when_another_language_has_its_own() {
        let field = Field::new("text", "", Kind::Texts(true));
        assert_eq!(written(field, "", "text=Hello%0D%0Ayou&text@nl="), "text = \"\"\"\nHello\nyou\"\"\"\n");
        assert_eq!(written(field, "", "text=Hi&text@nl=Hoi"), "[text]\nen = \"Hi\"\nnl = \"Hoi\"\n");
        assert_eq!(written(field, "text = \"Hi\"", "text="), "");
    }
}
