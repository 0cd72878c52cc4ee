//! The supervisor of connections: starts one actor for each client, within the limits, and ends them all in order.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use actor_core::ActorId;
use actor_core::prelude::*;

use super::{Connection, Doors, Guest, orders};
use crate::site::Site;
use crate::transport::Link;
use crate::user::profile::client_id;
use crate::user::request::Order;

/// Clients that are being told that there is no room for them; more are cut off without a word.
const REFUSALS_MAX: usize = 256;

/// The messages of the supervisor of connections.
pub enum ConnectionsMsg {
    /// A client came.
    Accept {
        /// Its socket.
        link: Link,
        /// Where it comes from.
        address: IpAddr,
        /// Whether others cannot listen.
        secure: bool,
    },
    /// Do this to all clients.
    Everybody(Order),
    /// Say good-bye to all, and take no more.
    CloseAll {
        /// What they are told.
        reason: String,
        /// When the last has gone.
        reply: Reply<()>,
    },
}

/// All connections.
pub struct Connections {
    site: Arc<Site>,
    doors: Doors,
    clients: HashMap<ActorId, (IpAddr, bool, Handle<Order>)>,
    by_address: HashMap<IpAddr, usize>,
    refusals: usize,
    next: u64,
    closing: Option<Reply<()>>,
    closed: bool,
}

impl Connections {
    /// No connections yet.
    pub fn new(site: Arc<Site>, doors: Doors) -> Self {
        Self {
            site,
            doors,
            clients: HashMap::new(),
            by_address: HashMap::new(),
            refusals: 0,
            next: 1,
            closing: None,
            closed: false,
        }
    }

    /// Why there is no room for one more from `address`.
    fn refusal(&self, address: IpAddr) -> Option<&'static str> {
        let limits = &self.site.config.limits;
        if self.clients.len() - self.refusals >= limits.clients_max {
            return Some("The server is full, try again later");
        }
        let limited = limits.loopback_limited || !address.is_loopback();
        let count = self.by_address.get(&address).copied().unwrap_or(0);
        (limited && count >= limits.clients_per_address_max).then_some("Too many connections from your address")
    }

    fn accept(&mut self, link: Link, address: IpAddr, secure: bool, ctx: &mut Context<ConnectionsMsg>) {
        let refusal = self.refusal(address);
        if self.closed || (refusal.is_some() && self.refusals >= REFUSALS_MAX) {
            return;
        }
        let (number, id) = (self.next, client_id(self.site.life, self.next));
        self.next += 1;
        let guest = Guest {
            id,
            address,
            secure,
            refusal,
        };
        let (site, doors) = (self.site.clone(), self.doors.clone());
        let spec = ChildSpec::once(format!("{number}"), move || Connection::new(link, guest, site, doors));
        match ctx.spawn(spec.mailbox(MailboxSpec::bounded(16))) {
            Ok(connection) => {
                let refused = refusal.is_some();
                if refused {
                    self.refusals += 1;
                } else {
                    *self.by_address.entry(address).or_default() += 1;
                }
                let order = orders(&connection);
                self.clients.insert(connection.id(), (address, refused, order));
            }
            Err(error) => tracing::error!(%error, "a connection could not be started"),
        }
    }

    fn forget(&mut self, id: ActorId) {
        let Some((address, refused, _)) = self.clients.remove(&id) else {
            return;
        };
        if refused {
            self.refusals -= 1;
        } else if let Some(count) = self.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
        self.report();
    }

    fn order_all(&self, order: &Order) {
        for (.., connection) in self.clients.values() {
            if connection.try_tell(order.clone()).is_err() {
                // Too busy to listen: the directory will tell its rooms.
                drop(connection.stop());
            }
        }
    }

    fn report(&mut self) {
        if self.clients.is_empty()
            && let Some(reply) = self.closing.take()
        {
            reply.send(());
        }
    }
}

impl Actor for Connections {
    type Msg = ConnectionsMsg;

    async fn handle(&mut self, msg: ConnectionsMsg, ctx: &mut Context<ConnectionsMsg>) -> ActorResult {
        match msg {
            ConnectionsMsg::Accept { link, address, secure } => self.accept(link, address, secure, ctx),
            ConnectionsMsg::Everybody(order) => self.order_all(&order),
            ConnectionsMsg::CloseAll { reason, reply } => {
                self.closed = true;
                self.order_all(&Order::Disconnect { reason });
                self.closing = Some(reply);
                self.report();
            }
        }
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, _ctx: &mut Context<ConnectionsMsg>) -> ActorResult {
        if let Signal::ChildExit(exit) = signal {
            self.forget(exit.id);
        }
        Ok(())
    }
}
