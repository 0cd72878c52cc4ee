//! The ways to other servers, as those see them who have something to say there.
//!
//! Nobody who has news waits for another server: news are put into a queue, and a server that does not take them for long is lost. Those who
//! wait are connections, before they read on ([`Trunks::ready`]): so what users send is slowed down, and no circle of waiting comes about.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actor_core::prelude::*;

use super::word::{Enquiry, Word};

/// So many words wait for another server before the connections of this one wait, too.
const BUSY: usize = 8 * 1024;
/// So many wait at most; beyond it the other server is lost, until it has been told anew of everything.
pub const WORDS_MAX: usize = 8 * BUSY;

/// So long a user waits for what another server alone knows.
const PATIENCE: Duration = Duration::from_secs(2);

/// What an envoy is told.
#[derive(Debug)]
pub enum EnvoyMsg {
    /// Say this.
    Say(Arc<Word>),
    /// Answer when all is said that came before.
    Fence(Reply<()>),
    /// Ask this.
    Enquire(Enquiry),
    /// Everything was said that there was at the beginning; or it could not be.
    Introduced(bool),
    /// The other server does not hear this one any more.
    Unheard,
    /// Nothing is to be done.
    Nothing,
}

/// The way to one other server.
#[derive(Debug, Clone)]
pub struct Trunk {
    /// Whose name is that.
    pub server: Arc<str>,
    envoy: Handle<EnvoyMsg>,
    waiting: Arc<AtomicUsize>,
}

impl Trunk {
    /// A way by an envoy, which counts down in `waiting` what it has said.
    pub fn new(server: Arc<str>, envoy: Handle<EnvoyMsg>, waiting: Arc<AtomicUsize>) -> Self {
        Self { server, envoy, waiting }
    }

    /// Has this said to the other server, behind everything before. Returns whether it will be, as far as that can be known.
    pub fn say(&self, word: Arc<Word>) -> bool {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        match self.envoy.try_tell(EnvoyMsg::Say(word)) {
            Ok(()) => true,
            Err(_) => {
                // One word is missing: everything has to be told anew. If it has ended, that is about to happen.
                drop(self.envoy.kill());
                false
            }
        }
    }
}

/// The ways to all other servers that are reached.
#[derive(Debug, Default)]
pub struct Trunks {
    count: AtomicUsize,
    trunks: RwLock<Arc<[Trunk]>>,
}

impl Trunks {
    /// Those that there are.
    pub fn all(&self) -> Arc<[Trunk]> {
        self.trunks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether there is none, and nothing need be made to be said.
    pub fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    /// Has this said to all.
    pub fn say(&self, word: impl FnOnce() -> Word) {
        if self.is_empty() {
            return;
        }
        let word = Arc::new(word());
        for trunk in self.all().iter() {
            trunk.say(word.clone());
        }
    }

    /// Has this said to those of these servers that are reached.
    pub fn say_to_all(&self, servers: &[Arc<str>], word: impl FnOnce() -> Word) {
        if servers.is_empty() {
            return;
        }
        let word = Arc::new(word());
        for trunk in self.all().iter().filter(|trunk| servers.contains(&trunk.server)) {
            trunk.say(word.clone());
        }
    }

    /// Has this said to one server. Returns whether it will be.
    pub fn say_to(&self, server: &str, word: impl FnOnce() -> Word) -> bool {
        let all = self.all();
        let trunk = all.iter().find(|trunk| &*trunk.server == server);
        trunk.is_some_and(|trunk| trunk.say(Arc::new(word())))
    }

    /// What another server answers, if it does in time.
    pub async fn enquire<T: Send + 'static>(
        &self,
        server: &str,
        enquiry: impl FnOnce(Reply<T>) -> Enquiry,
    ) -> Option<T> {
        let all = self.all();
        let trunk = all.iter().find(|trunk| &*trunk.server == server)?;
        let asked = trunk.envoy.ask(|reply| EnvoyMsg::Enquire(enquiry(reply)));
        asked.timeout(PATIENCE).await.ok()
    }

    /// Waits while another server is far behind: for those who cause what is to be said there, and on whom nobody waits.
    pub async fn ready(&self) {
        if self.is_empty() {
            return;
        }
        for trunk in self.all().iter() {
            if trunk.waiting.load(Ordering::Relaxed) > BUSY {
                // Until it is lost, at the longest.
                let _ = trunk.envoy.ask(EnvoyMsg::Fence).no_timeout().await;
            }
        }
    }

    /// A server is reached.
    pub fn add(&self, trunk: Trunk) {
        self.change(|trunks| trunks.push(trunk));
    }

    /// The way that this envoy was has ended.
    pub fn remove(&self, envoy: actor_core::ActorId) {
        self.change(|trunks| trunks.retain(|trunk| trunk.envoy.id() != envoy));
    }

    /// All who spoke to other servers have ended.
    pub fn clear(&self) {
        self.change(Vec::clear);
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Trunk>)) {
        let mut held = self.trunks.write().unwrap_or_else(PoisonError::into_inner);
        let mut trunks = held.to_vec();
        change(&mut trunks);
        self.count.store(trunks.len(), Ordering::Release);
        *held = trunks.into();
    }
}
