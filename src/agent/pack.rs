//! Frames put together from parts, so that none passes what one frame may hold.
//!
//! A list is cut where it no longer fits and says so, instead of being measured after the fact.

use serde::Serialize;

use crate::limits::BOX_FRAME_BYTES_MAX;

/// The JSON of one value of ours.
///
/// # Panics
/// Never for the types of this crate: they have text keys and finite numbers.
pub(super) fn encode(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("a projection is plain data")
}

/// A JSON object under construction: fields of structs, and lists that know their bounds.
#[derive(Debug)]
pub(super) struct Object {
    /// UTF-8, as serde writes it.
    json: Vec<u8>,
}

impl Object {
    /// A frame of this type.
    pub(super) fn frame(t: &str) -> Object {
        let mut object = Object::new();
        object.field("t", t);
        object
    }

    /// An object without fields yet.
    pub(super) fn new() -> Object {
        let mut json = Vec::with_capacity(OBJECT_BYTES);
        json.push(b'{');
        Object { json }
    }

    /// Adds one field.
    pub(super) fn field(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> &mut Object {
        self.name(name);
        self.write(value);
        self
    }

    /// Adds one field that is JSON already.
    pub(super) fn raw(&mut self, name: &str, json: &str) -> &mut Object {
        self.name(name);
        self.json.extend_from_slice(json.as_bytes());
        self
    }

    /// Adds every field of a struct.
    pub(super) fn fields(&mut self, fields: &impl Serialize) -> &mut Object {
        self.comma();
        let at = self.json.len();
        self.write(fields);
        self.unwrap_from(at)
    }

    /// Adds every field of an object that is JSON already.
    pub(super) fn fields_of(&mut self, json: &str) -> &mut Object {
        self.comma();
        let at = self.json.len();
        self.json.extend_from_slice(json.as_bytes());
        self.unwrap_from(at)
    }

    /// Adds a list of what is JSON already.
    pub(super) fn list(&mut self, name: &str, items: &[String]) -> &mut Object {
        self.raw(name, &array(items))
    }

    /// Bytes that are left of one frame, with room for its end and for what says that it was cut.
    pub(super) fn room(&self) -> usize {
        const END_BYTES: usize = 256;
        BOX_FRAME_BYTES_MAX.saturating_sub(self.json.len() + END_BYTES)
    }

    /// The JSON.
    ///
    /// # Panics
    /// Never: serde writes UTF-8.
    pub(super) fn finish(&mut self) -> String {
        self.json.push(b'}');
        String::from_utf8(std::mem::take(&mut self.json)).expect("JSON is UTF-8")
    }

    fn name(&mut self, name: &str) {
        self.comma();
        self.write(name);
        self.json.push(b':');
    }

    fn write(&mut self, value: &(impl Serialize + ?Sized)) {
        serde_json::to_writer(&mut self.json, value).expect("a projection is plain data");
    }

    fn comma(&mut self) {
        if self.json.len() > 1 {
            self.json.push(b',');
        }
    }

    /// Takes the braces from the object that begins at `at`, and the comma before it when nothing is in it.
    fn unwrap_from(&mut self, at: usize) -> &mut Object {
        self.json.pop();
        self.json.remove(at);
        if self.json.len() == at {
            self.json.truncate(at - usize::from(at > 1));
        }
        self
    }
}

/// Room for a frame of ordinary size.
const OBJECT_BYTES: usize = 256;

/// A JSON list of what is JSON already.
pub(super) fn array(items: &[String]) -> String {
    let mut text = String::with_capacity(items.iter().map(|item| item.len() + 1).sum::<usize>() + 2);
    text.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(item);
    }
    text.push(']');
    text
}

/// How many items, from the first on, fit into this many bytes.
pub(super) fn fitting<'i>(items: impl IntoIterator<Item = &'i String>, room: usize) -> usize {
    let mut left = room;
    items.into_iter().take_while(|item| take(&mut left, item.len() + 1)).count()
}

/// Takes bytes from a budget; false, and nothing taken, when there are too few.
pub(super) fn take(left: &mut usize, bytes: usize) -> bool {
    match left.checked_sub(bytes) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Pair {
        a: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        b: Option<u8>,
    }

    #[derive(Serialize)]
    struct Nothing {
        #[serde(skip_serializing_if = "Option::is_none")]
        b: Option<u8>,
    }

    #[test]
    fn an_object_is_the_fields_it_was_given() {
        let mut object = Object::frame("x\"y");
        object
            .fields(&Nothing { b: None })
            .fields(&Pair { a: 1, b: None })
            .list("items", &["1".into(), "{}".into()]);
        assert_eq!(object.finish(), r#"{"t":"x\"y","a":1,"items":[1,{}]}"#);
        assert_eq!(Object::new().fields(&Nothing { b: None }).finish(), "{}");
    }

    #[test]
    fn a_list_stops_before_its_bound() {
        let items = vec!["1234".to_owned(); 10];
        assert_eq!(fitting(&items, 24), 4);
        assert_eq!(fitting(&items, 25), 5);
        assert_eq!(fitting(&items, 0), 0);
    }
}
