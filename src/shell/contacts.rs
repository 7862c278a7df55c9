//! Stored contacts, found by e-mail address or telephone number (S1-12, S2-22).

use std::collections::HashMap;

use super::card::Customer;
use super::keys::lasting_number;
use crate::desk::Desk;

/// Digits of a telephone number that must agree: the national part, so that `06…` and `+31 6…` are one.
const PHONE_DIGITS: usize = 9;

/// The contacts of the desk by what names them.
#[derive(Debug, Default)]
pub struct Contacts {
    by_key: HashMap<String, Vec<u64>>,
    /// Position in the desk's list, by lasting number.
    index: HashMap<u64, usize>,
}

impl Contacts {
    /// The contacts of a desk.
    pub fn new(desk: &Desk) -> Contacts {
        let mut contacts = Contacts::default();
        for (index, contact) in desk.contacts.iter().enumerate() {
            let number = number_of(contact);
            contacts.index.insert(number, index);
            let phones = [&contact.mobile, &contact.phone];
            let email = contact.email.as_deref().and_then(email_key).into_iter();
            let keys = email.chain(contact.sub.as_deref().map(sub_key));
            for key in keys.chain(phones.into_iter().flatten().filter_map(|phone| phone_key(phone))) {
                let known = contacts.by_key.entry(key).or_default();
                if !known.contains(&number) {
                    known.push(number);
                }
            }
        }
        contacts
    }

    /// The one contact a customer is; none when several could be meant.
    pub(super) fn find(&self, customer: &Customer) -> Option<u64> {
        match self.candidates(customer)[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Every contact a customer could be, in the order of their numbers. Who was proved by a token is who it says,
    /// whatever else she gave.
    pub fn candidates(&self, customer: &Customer) -> Vec<u64> {
        let proved = customer.sub.as_deref().and_then(|sub| self.by_key.get(&sub_key(sub)));
        if let Some(proved) = proved {
            return proved.clone();
        }
        let keys = [email_key(&customer.email), phone_key(&customer.phone)];
        let mut found: Vec<u64> =
            keys.iter().flatten().filter_map(|key| self.by_key.get(key)).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Where a contact stands in the desk's list.
    pub fn position(&self, number: u64) -> Option<usize> {
        self.index.get(&number).copied()
    }
}

/// A contact's lasting number.
fn number_of(contact: &crate::desk::Contact) -> u64 {
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

fn phone_key(phone: &str) -> Option<String> {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    let national = digits.len().checked_sub(PHONE_DIGITS)?;
    Some(digits[national..].iter().collect())
}
