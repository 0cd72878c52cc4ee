//! A look at a service, which holds its lock for no longer than a few of its keys take.

use std::sync::Arc;

use actor_wire::Wire;

use crate::clock::now;
use crate::share::{KeyInfo, Seen, Service, ShareInfo};

use super::Shared;

/// So many keys are looked at under one hold of the lock.
const PAGE: usize = 256;

impl<S: Service> Seen for Shared<S>
where
    S::Entry: Wire,
{
    fn seen(&self, service: &str, largest: usize) -> ShareInfo {
        let nodes = self.read().exchange().sharers(now().into_std());
        let (mut keys, mut first) = (0, Vec::<(usize, Arc<str>)>::new());
        let mut after: Option<Arc<str>> = None;
        loop {
            let page = self.read().keys(after.as_deref(), PAGE);
            keys += page.len();
            after = page.last().map(|(name, _)| name.clone()).filter(|_| page.len() == PAGE);
            for (name, entries) in page {
                let at = first.partition_point(|(most, _)| *most >= entries);
                if at < largest {
                    first.insert(at, (entries, name));
                    first.truncate(largest);
                }
            }
            if after.is_none() {
                break;
            }
        }
        let known = first.into_iter().map(|(_, name)| {
            let mut nodes = self.read().places(&name);
            nodes.sort();
            KeyInfo { name, nodes }
        });
        ShareInfo {
            service: service.to_owned(),
            keys,
            nodes,
            // One that has gone meanwhile is nowhere.
            largest: known.filter(|key| !key.nodes.is_empty()).collect(),
        }
    }
}
