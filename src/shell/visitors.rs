//! Visitors at hand: those with an open page, and those with a conversation in the engine's table.

use std::collections::HashMap;
use std::sync::Arc;

use super::card::{ContextValue, Customer, Page};
use crate::desk::widget::Device;
use crate::gateway::ConnId;
use crate::gateway::rate::Bucket;

/// One visitor.
#[derive(Debug, Default)]
pub(super) struct Visitor {
    pub(super) widget: Arc<str>,
    pub(super) conns: Vec<ConnId>,
    /// The open conversation, in the engine's table or parked in the store.
    pub(super) conversation: Option<u64>,
    /// The newest closed one, and when it closed.
    pub(super) closed: Option<(u64, i64)>,
    /// Who she says she is, or was proved to be.
    pub(super) customer: Customer,
    /// What the page says of her, then what her site signed of her.
    pub(super) context: Vec<(String, ContextValue)>,
    /// How many of them were signed: the last ones.
    pub(super) signed: usize,
    pub(super) page: Page,
    /// Seconds she had been on it when the box was told.
    pub(super) seconds_on_page: Option<f64>,
    /// What she holds in her hand; none for a client that is no browser.
    pub(super) device: Option<Device>,
    /// Addresses of the site she has seen lately, oldest first (S1-12).
    pub(super) recent_pages: Vec<String>,
    pub(super) messages: Bucket,
    /// Conversations she has begun.
    pub(super) starts: Bucket,
    /// Signs that she is writing.
    pub(super) typing: Bucket,
    /// Pages she went on to without a load.
    pub(super) pages: Bucket,
}

/// All of them. Bounded by the connections and the engine's table.
#[derive(Debug, Default)]
pub(super) struct Visitors {
    all: HashMap<u64, Visitor>,
}

impl Visitors {
    pub(super) fn get(&self, visitor: u64) -> Option<&Visitor> {
        self.all.get(&visitor)
    }

    pub(super) fn get_mut(&mut self, visitor: u64) -> Option<&mut Visitor> {
        self.all.get_mut(&visitor)
    }

    pub(super) fn entry(&mut self, visitor: u64) -> &mut Visitor {
        self.all.entry(visitor).or_default()
    }

    /// Forgets a visitor nobody needs at hand: `live` says whether her conversation is in the engine's table.
    pub(super) fn forget_if_gone(&mut self, visitor: u64, live: bool) {
        if self.all.get(&visitor).is_some_and(|known| known.conns.is_empty() && !live) {
            self.all.remove(&visitor);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}
