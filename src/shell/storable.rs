//! What may be stored: under `store_pci = false` no card, IBAN or social security number reaches the disk,
//! whatever field it was typed into (REQ D-15).

use std::borrow::Cow;

use super::Shell;
use super::card::{Card, ContextValue};
use crate::masking::Masker;

impl Shell {
    /// A text as the desk wants it stored.
    pub(super) fn storable(&self, text: String) -> String {
        if self.desk.masking.store_pci {
            return text;
        }
        let masked = match self.masker().mask_pci_only(&text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(masked) => Some(masked),
        };
        masked.unwrap_or(text)
    }

    /// A new conversation's card as the desk wants it stored.
    pub(super) fn make_storable(&self, card: &mut Card) {
        if !self.desk.masking.store_pci {
            mask_card(&self.masker(), card);
        }
    }
}

fn mask_card(masker: &Masker, card: &mut Card) {
    let mask = |text: &mut String| {
        let masked = masker.mask_pci_only(text);
        if masked != *text {
            *text = masked.into_owned();
        }
    };
    let Card { customer, comment, page, context, answers, .. } = card;
    for text in [&mut customer.name, &mut customer.email, &mut customer.phone].into_iter().chain(comment) {
        mask(text);
    }
    if let Some(page) = page {
        for text in [&mut page.url, &mut page.title, &mut page.referrer] {
            mask(text);
        }
    }
    for (_, answer) in answers {
        mask(answer);
    }
    for (_, value) in context {
        match value {
            ContextValue::Text(text) => mask(text),
            // A card's number may come as a number; then what is kept of it is a text.
            ContextValue::Number(number) => {
                let written = number.to_string();
                let masked = masker.mask_pci_only(&written);
                if masked != written {
                    *value = ContextValue::Text(masked.into_owned());
                }
            }
            ContextValue::Flag(_) => {}
        }
    }
}
