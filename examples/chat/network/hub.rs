//! The actor that has an envoy for each other member of the network, and a deputy for each that speaks to this one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actor_core::ActorId;
use actor_core::prelude::*;
use actor_net::Cluster;
use futures_util::stream;
use tokio::sync::broadcast::error::RecvError;

use super::deputy::{Deputy, DeputyMsg};
use super::envoy::{Envoy, Sources, Unlike};
use super::trunk::{EnvoyMsg, WORDS_MAX};
use super::word::{Enquiry, Knock};
use crate::about;
use crate::site::Site;
use crate::user::request::{Anew, DirectoryMsg};

/// The name under which other servers find the hub of a node.
pub const DOOR: &str = "chat";
/// The name under which they ask for what is known here alone.
pub const DESK: &str = "chat.desk";
/// How soon another envoy is sent when one has come back.
const RETRY: Duration = Duration::from_millis(300);
/// Messages in the mailbox of a deputy. What comes from another node is bounded by its window, and taken in any case.
const DEPUTY_MESSAGES: usize = 1024;

/// What the hub is told.
#[derive(Debug)]
pub enum HubMsg {
    /// Another server wants to be heard.
    Knock(Knock),
    /// Another server asks something.
    Asked(Enquiry),
    /// Who is a member may have changed.
    Review,
    /// It is time to send those again who came back.
    Retry,
    /// All users of other servers were forgotten here.
    Anew,
}

/// How others ask for all to be told again.
pub fn anew(hub: &Handle<HubMsg>) -> Handle<Anew> {
    hub.map(|Anew| HubMsg::Anew)
}

/// The conversations with all other servers.
pub struct Hub {
    site: Arc<Site>,
    cluster: Cluster,
    sources: Sources,
    grace: Duration,
    envoys: HashMap<Arc<str>, Handle<EnvoyMsg>>,
    deputies: HashMap<Arc<str>, Handle<DeputyMsg>>,
    /// Deputies that are about to end: until then there is no other for their server.
    leaving: HashMap<ActorId, Arc<str>>,
    unlike: Unlike,
    is_retrying: bool,
    made: u64,
}

impl Hub {
    /// For a server that is a member of `cluster`; another that is lost is waited for so long.
    pub fn new(site: Arc<Site>, cluster: Cluster, sources: Sources, grace: Duration) -> Self {
        Self {
            site,
            cluster,
            sources,
            grace,
            envoys: HashMap::new(),
            deputies: HashMap::new(),
            leaving: HashMap::new(),
            unlike: Unlike::default(),
            is_retrying: false,
            made: 0,
        }
    }

    /// Sends an envoy to each member that has none, and takes leave of those who are no members.
    fn review(&mut self, ctx: &mut Context<HubMsg>) {
        let me = self.cluster.node().id().clone();
        let members = self.cluster.members();
        let others: HashMap<Arc<str>, Arc<str>> = members
            .iter()
            .filter(|member| member.id.name != me.name)
            .map(|member| (member.id.name.as_str().into(), member.address.clone()))
            .collect();
        for (server, address) in &others {
            if !self.envoys.contains_key(server) {
                self.send_envoy(server.clone(), address.clone(), ctx);
            }
        }
        for (server, envoy) in &self.envoys {
            if !others.contains_key(server) {
                drop(envoy.kill());
            }
        }
        let gone: Vec<Arc<str>> = self
            .deputies
            .keys()
            .filter(|name| !others.contains_key(*name))
            .cloned()
            .collect();
        for server in gone {
            self.dismiss(&server);
        }
    }

    fn send_envoy(&mut self, server: Arc<str>, address: Arc<str>, ctx: &mut Context<HubMsg>) {
        self.made += 1;
        let (site, node, sources) = (self.site.clone(), self.cluster.node().clone(), self.sources.clone());
        let (name, unlike) = (server.clone(), self.unlike.clone());
        let make = move || Envoy::new(site, node, name, address, sources, unlike);
        let spec = ChildSpec::once(format!("to.{server}.{}", self.made), make);
        match ctx.spawn(spec.mailbox(MailboxSpec::bounded(WORDS_MAX))) {
            Ok(envoy) => {
                self.envoys.insert(server, envoy);
            }
            Err(error) => tracing::error!(%error, "no envoy could be sent"),
        }
    }

    /// A server is no member any more: its users have left, as soon as its deputy has seen to that.
    fn dismiss(&mut self, server: &Arc<str>) {
        if let Some(deputy) = self.deputies.remove(server) {
            self.leaving.insert(deputy.id(), server.clone());
            drop(deputy.stop());
        }
    }

    async fn knock(&mut self, knock: Knock, ctx: &mut Context<HubMsg>) {
        let Knock { card, life, reply } = knock;
        if card.name == self.site.shared_name() || self.leaving.values().any(|name| *name == card.name) {
            // It will come again.
            return;
        }
        let server = card.name.clone();
        if !self.deputies.get(&server).is_some_and(Handle::is_alive) {
            self.made += 1;
            let (site, sources, grace, name) = (self.site.clone(), self.sources.clone(), self.grace, server.clone());
            let make = move || Deputy::new(site, name, sources, grace);
            let spec = ChildSpec::once(format!("for.{server}.{}", self.made), make);
            match ctx.spawn(spec.mailbox(MailboxSpec::bounded(DEPUTY_MESSAGES))) {
                Ok(deputy) => {
                    self.deputies.insert(server.clone(), deputy);
                }
                Err(error) => return tracing::error!(%error, "nobody could stand for another server"),
            }
        }
        if let Some(deputy) = self.deputies.get(&server) {
            let _ = deputy.tell(DeputyMsg::Knocked { card, life, reply }).await;
        }
        self.review(ctx);
    }
}

impl Actor for Hub {
    type Msg = HubMsg;

    async fn on_start(&mut self, ctx: &mut Context<HubMsg>) -> ActorResult {
        // Of a former life of this actor, which took them along.
        self.site.trunks.clear();
        let node = self.cluster.node();
        node.conceal(DOOR);
        node.expose(DOOR, &ctx.handle().map(HubMsg::Knock))?;
        node.conceal(DESK);
        node.expose(DESK, &ctx.handle().map(HubMsg::Asked))?;
        let events = self.cluster.events();
        ctx.attach_stream(stream::unfold(events, |mut events| async move {
            match events.recv().await {
                Ok(_) | Err(RecvError::Lagged(_)) => Some((HubMsg::Review, events)),
                Err(RecvError::Closed) => None,
            }
        }));
        self.review(ctx);
        Ok(())
    }

    async fn handle(&mut self, msg: HubMsg, ctx: &mut Context<HubMsg>) -> ActorResult {
        match msg {
            HubMsg::Knock(knock) => self.knock(knock, ctx).await,
            HubMsg::Asked(Enquiry::Silence(id, reply)) => {
                let _ = self.sources.directory.tell(DirectoryMsg::Silence { id, reply }).await;
            }
            HubMsg::Asked(Enquiry::About(question, nick, reply)) => {
                reply.send(about::answer(&self.site, question, &nick));
            }
            HubMsg::Review => self.review(ctx),
            HubMsg::Retry => {
                self.is_retrying = false;
                self.review(ctx);
            }
            HubMsg::Anew => {
                let all: Vec<Arc<str>> = self.deputies.keys().cloned().collect();
                all.iter().for_each(|server| self.dismiss(server));
                // And nobody told the others of the users of this one who were forgotten: all is told anew.
                self.envoys.values().for_each(|envoy| drop(envoy.kill()));
            }
        }
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, ctx: &mut Context<HubMsg>) -> ActorResult {
        if let Signal::ChildExit(exit) = signal {
            self.leaving.remove(&exit.id);
            self.deputies.retain(|_, deputy| deputy.id() != exit.id);
            self.site.trunks.remove(exit.id);
            let envoys = self.envoys.len();
            self.envoys.retain(|_, envoy| envoy.id() != exit.id);
            if self.envoys.len() < envoys && !std::mem::replace(&mut self.is_retrying, true) {
                ctx.once(RETRY, HubMsg::Retry);
            }
        }
        Ok(())
    }
}
