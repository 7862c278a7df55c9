//! Stored contacts, found by e-mail address or telephone number (S1-12, S2-22).

use std::collections::{BTreeMap, HashMap};

use super::card::Customer;
use super::keys::lasting_number;
use super::records::Contact;
use crate::desk::Desk;
use crate::limits::{CONTACTS_BYTES_MAX, CONTACTS_KEPT_MAX};

/// Digits of a telephone number that must agree where no region says how to read it: the national part.
const PHONE_DIGITS: usize = 9;

/// Everybody known, by what names them: those of the desk's file, and what staff have made of them since.
#[derive(Debug, Default)]
pub struct Contacts {
    /// In force.
    all: BTreeMap<u64, Contact>,
    /// Made or changed by staff, the erased ones included: they stand above the file.
    own: BTreeMap<u64, Contact>,
    /// Bytes of `own`.
    own_bytes: usize,
    /// Where a number without country code is from.
    region: Option<String>,
    by_key: HashMap<String, Vec<u64>>,
}

impl Contacts {
    /// The contacts of a desk, and those that staff have made or changed.
    pub fn new(desk: &Desk, own: impl IntoIterator<Item = (u64, Contact)>) -> Contacts {
        let own: BTreeMap<u64, Contact> = own.into_iter().collect();
        let own_bytes = own.values().map(cost).sum();
        let mut contacts = Contacts { own, own_bytes, ..Contacts::default() };
        contacts.take_over(desk);
        contacts
    }

    /// Another desk: its contacts, with what staff have changed above them.
    pub(super) fn take_over(&mut self, desk: &Desk) {
        self.all = desk.contacts.iter().map(|contact| (number_of(contact), of_desk(contact))).collect();
        self.all.extend(self.own.iter().map(|(number, contact)| (*number, contact.clone())));
        self.all.retain(|_, contact| contact.erased_ms.is_none());
        self.by_key.clear();
        self.region.clone_from(&desk.masking.phone_region);
        for (number, contact) in &self.all {
            for key in keys_of(contact, self.region.as_deref()) {
                self.by_key.entry(key).or_default().push(*number);
            }
        }
        // Only the file says who somebody is to a site.
        for contact in &desk.contacts {
            if let Some(sub) = &contact.sub {
                self.by_key.entry(sub_key(sub)).or_default().push(number_of(contact));
            }
        }
    }

    /// Puts a changed contact in place of what was; false when there is no room for one more.
    pub(super) fn put(&mut self, number: u64, contact: Contact) -> bool {
        let before = self.own.get(&number).map(cost);
        let bytes = self.own_bytes - before.unwrap_or(0) + cost(&contact);
        // One that gets smaller has its place, whatever the others take: an erasure is never refused.
        let grows = before.is_none_or(|before| cost(&contact) > before);
        if before.is_none() && self.own.len() >= CONTACTS_KEPT_MAX || grows && bytes > CONTACTS_BYTES_MAX {
            return false;
        }
        self.own_bytes = bytes;
        let region = self.region.clone();
        for key in self.all.remove(&number).iter().flat_map(|old| keys_of(old, region.as_deref())) {
            if let Some(known) = self.by_key.get_mut(&key) {
                known.retain(|other| *other != number);
            }
        }
        if contact.erased_ms.is_none() {
            for key in keys_of(&contact, region.as_deref()) {
                self.by_key.entry(key).or_default().push(number);
            }
            self.all.insert(number, contact.clone());
        }
        self.own.insert(number, contact);
        true
    }

    /// Forgets a contact that staff made; says whether there was one.
    pub(super) fn forget(&mut self, number: u64) -> bool {
        if self.own.remove(&number).is_none() {
            return false;
        }
        let region = self.region.clone();
        for key in self.all.remove(&number).iter().flat_map(|old| keys_of(old, region.as_deref())) {
            if let Some(known) = self.by_key.get_mut(&key) {
                known.retain(|other| *other != number);
            }
        }
        true
    }

    /// The one contact a customer is; none when several could be meant.
    pub(super) fn find(&self, customer: &Customer) -> Option<u64> {
        match self.candidates(customer)[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The one contact whose mobile number it is (S2-22); none when it is several's.
    pub(super) fn of_mobile(&self, phone: &str) -> Option<u64> {
        let key = self.phone_key(phone)?;
        let all = self.by_key.get(&key).into_iter().flatten();
        let mut mobile = all.filter(|number| {
            let contact = self.all.get(number);
            let mobile = contact.and_then(|contact| contact.mobile.as_deref());
            mobile.and_then(|mobile| self.phone_key(mobile)).is_some_and(|own| own == key)
        });
        match (mobile.next(), mobile.next()) {
            (Some(one), None) => Some(*one),
            _ => None,
        }
    }

    fn phone_key(&self, phone: &str) -> Option<String> {
        phone_key(phone, self.region.as_deref())
    }

    /// Everybody a customer could be, in the order of their numbers. Who was proved by a token is who it says,
    /// whatever else she gave.
    pub(crate) fn candidates(&self, customer: &Customer) -> Vec<u64> {
        let proved = customer.sub.as_deref().and_then(|sub| self.by_key.get(&sub_key(sub)));
        let proved =
            proved.map(|proved| proved.iter().copied().filter(|number| self.all.contains_key(number)));
        match proved.map(Vec::from_iter) {
            Some(proved) if !proved.is_empty() => proved,
            _ => self.named(&customer.email, &customer.phone),
        }
    }

    fn named(&self, email: &str, phone: &str) -> Vec<u64> {
        let keys = [email_key(email), self.phone_key(phone)];
        let mut found: Vec<u64> =
            keys.iter().flatten().filter_map(|key| self.by_key.get(key)).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// A contact by her number.
    pub(crate) fn get(&self, number: u64) -> Option<&Contact> {
        self.all.get(&number)
    }

    /// Contacts by a part of their name, or by a whole address or number. Not by a part of those: that would tell
    /// a masked address letter by letter to whoever asks often enough.
    pub(super) fn search(&self, text: &str, limit: usize) -> (Vec<(u64, &Contact)>, bool) {
        let wanted = text.trim().to_lowercase();
        let exact = self.named(text, text);
        let fits = |(number, contact): &(&u64, &Contact)| {
            exact.contains(number)
                || self.phone_key(&contact.name).is_none() && contact.name.to_lowercase().contains(&wanted)
        };
        let mut found = self.all.iter().filter(fits);
        let page: Vec<_> = found.by_ref().take(limit).map(|(number, contact)| (*number, contact)).collect();
        (page, found.next().is_some())
    }
}

/// What a contact takes of the room for all.
fn cost(contact: &Contact) -> usize {
    let of = |field: &Option<String>| field.as_ref().map_or(0, String::len);
    size_of::<Contact>() + contact.name.len() + of(&contact.email) + of(&contact.mobile) + of(&contact.phone)
}

fn of_desk(contact: &crate::desk::Contact) -> Contact {
    Contact {
        name: contact.name.clone(),
        email: contact.email.clone(),
        mobile: contact.mobile.clone(),
        phone: contact.phone.clone(),
        erased_ms: None,
    }
}

fn keys_of(contact: &Contact, region: Option<&str>) -> Vec<String> {
    let phones = [&contact.mobile, &contact.phone].into_iter().flatten();
    let phones = phones.filter_map(|phone| phone_key(phone, region));
    let mut keys: Vec<String> =
        contact.email.as_deref().and_then(email_key).into_iter().chain(phones).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// A contact's lasting number.
pub(super) fn number_of(contact: &crate::desk::Contact) -> u64 {
    let part = |text: &Option<String>| text.clone().unwrap_or_default();
    lasting_number(&format!(
        "{}\n{}\n{}\n{}",
        contact.name,
        part(&contact.email),
        part(&contact.mobile),
        part(&contact.phone)
    ))
}

/// Neither an address nor a number begins like this.
fn sub_key(sub: &str) -> String {
    format!("sub {sub}")
}

fn email_key(email: &str) -> Option<String> {
    let email = email.trim();
    email.contains('@').then(|| email.to_lowercase())
}

/// The whole number where the desk says how to read one; else what agrees in its last digits is taken for the same.
fn phone_key(phone: &str, region: Option<&str>) -> Option<String> {
    if let Some(whole) = region.and_then(|region| crate::masking::e164(phone, region)) {
        return Some(whole);
    }
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    let national = digits.len().checked_sub(PHONE_DIGITS)?;
    Some(digits[national..].iter().collect())
}
