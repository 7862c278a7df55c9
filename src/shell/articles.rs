//! What the desk knows of its articles beside their texts: where customers read them, and how often they were shared.

use serde::{Deserialize, Serialize};

use super::Shell;
use crate::desk::Id;
use crate::store::Table;
use crate::store::records::records;

/// How often an article was shared (table `Articles`, key id).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shares {
    /// So often.
    pub count: u32,
    /// The last time, product clock.
    pub last_ms: i64,
}

records! {
    Shares = "shares of an article",
}

/// Bytes of a key as it stands in an address.
const KEY_CHARS: usize = 32;

impl Shell {
    /// Where customers read an article: nobody finds it who was not given it.
    pub(super) fn article_address(&self, id: &str) -> String {
        format!("{}/a/{}", self.public_url.trim_end_matches('/'), self.keys.article(id))
    }

    /// The article behind a key.
    pub(super) fn article_behind(&self, key: &str) -> Option<String> {
        if key.len() != KEY_CHARS {
            return None;
        }
        let fits = |id: &str| {
            bool::from(subtle::ConstantTimeEq::ct_eq(self.keys.article(id).as_bytes(), key.as_bytes()))
        };
        self.desk.articles.iter().map(|article| article.id.as_str()).find(|id| fits(id)).map(str::to_owned)
    }

    /// One more; `stored` is what the store had a moment ago.
    pub(super) fn article_shared(&mut self, id: &str, stored: Shares) -> u32 {
        let known = self.shares.get(id).copied().unwrap_or(stored);
        let shares = Shares { count: known.count.saturating_add(1), last_ms: self.now.wall_ms };
        // One entry for each article of the desk: two that share at once are both counted.
        self.shares.insert(id.to_owned(), shares);
        self.put(Table::Articles, id.as_bytes(), &shares);
        shares.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden;

    golden!(shares_are_stored_as, Shares { count: 3, last_ms: 1000 }, "0103d00f");
}
