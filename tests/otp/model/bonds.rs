//! Links and watches between two actors of the model.

use super::super::rules::Reason;
use super::life::words;
use super::{At, Mail, Model};

impl Model {
    /// Erlang, `monitor/2`: each is a watch of its own, and is answered at once where the other has ended.
    pub(super) fn watch(&mut self, id: usize, other: usize) {
        self.watched += 1;
        let watch = self.watched;
        self.nodes[id].watches.push((watch, other));
        if matches!(self.nodes[other].at, At::Gone) {
            self.nodes[id].mail.push_back(Mail::Down(watch));
        }
    }

    /// A watch that was withdrawn, or is of a life before, has no answer.
    pub(super) fn hear_of_end(&mut self, id: usize, watch: u32) {
        let watches = &mut self.nodes[id].watches;
        let Some(at) = watches.iter().position(|&(answered, _)| answered == watch) else {
            return;
        };
        let (_, other) = watches.remove(at);
        let other = &self.nodes[other];
        let reason = other.ended.as_ref().map(words).unwrap_or_default();
        let words = format!(
            "{} hears that {} is gone: {reason}",
            self.nodes[id].spec.name, other.spec.name
        );
        self.event(words);
    }

    pub(super) fn tell_watchers(&mut self, id: usize) {
        for node in &mut self.nodes {
            let watches = node.watches.iter().filter(|&&(_, on)| on == id);
            node.mail.extend(watches.map(|&(watch, _)| Mail::Down(watch)));
        }
    }

    pub(super) fn link(&mut self, id: usize, other: usize) {
        match self.nodes[other].ended.clone() {
            None => self.links.push((id, other)),
            Some(reason) => self.hear_of_link(id, other, &reason),
        }
    }

    fn hear_of_link(&mut self, id: usize, other: usize, reason: &Reason) {
        if !reason.is_orderly() {
            let other = &self.nodes[other].path;
            let mut chain = vec![format!("{} was linked to {other}, which failed", self.nodes[id].path)];
            chain.extend(reason.as_cause(other));
            self.nodes[id].doom.get_or_insert(chain);
        }
    }

    pub(super) fn break_links(&mut self, id: usize, reason: &Reason) {
        let (broken, kept) = self.links.drain(..).partition(|&(a, b)| a == id || b == id);
        self.links = kept;
        for (a, b) in broken {
            self.hear_of_link(if a == id { b } else { a }, id, reason);
        }
    }
}
