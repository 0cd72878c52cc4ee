//! The other servers, as this one knows them now.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use super::word::Card;

/// So many pages are remembered whose servers are away; their users come to this one just then.
const PAGES_MAX: usize = 256;

/// Those that are there, and the pages of those that were.
#[derive(Debug, Default)]
pub struct Servers(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    there: BTreeMap<Arc<str>, Card>,
    pages: VecDeque<String>,
}

impl Servers {
    /// A server is there.
    pub fn meet(&self, card: Card) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = &card.web {
            known.pages.retain(|other| other != page);
            known.pages.push_back(page.clone());
            if known.pages.len() > PAGES_MAX {
                known.pages.pop_front();
            }
        }
        known.there.insert(card.name.clone(), card);
    }

    /// A server is lost.
    pub fn lose(&self, name: &str) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .there
            .remove(name);
    }

    /// All that are there, by name.
    pub fn all(&self) -> Vec<Card> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.there.values().cloned().collect()
    }

    /// Where the pages of all servers are that were ever met, the latest last.
    pub fn pages(&self) -> Vec<String> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.pages.iter().cloned().collect()
    }
}
