//! The actor of one client, whatever its transport: reads its commands, and answers them in order.
//!
//! A command is finished before the next is looked at, also when a room or the directory must be asked; by then all that
//! it caused is in the outboxes of those concerned. Connections ask rooms and the directory, rooms ask the directory, and
//! nobody asks a connection: so there is no circle of waiting.

mod channels;
mod command;
mod depart;
mod help;
mod info;
mod nick;
mod operator;
mod people;
mod registration;
mod talk;
mod welcome;
mod whois;

pub mod connections;
pub mod listener;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use actor_core::Attached;
use actor_core::prelude::*;
use actor_net::names::{NameLost, Names};
use futures_util::StreamExt;

use self::nick::Hold;
use self::registration::Registration;
use crate::channel::request::{Origin, RoomMsg, RoomsMsg};
use crate::clock;
use crate::outbox::Outbox;
use crate::protocol::bucket::Bucket;
use crate::protocol::framing::{Excess, Framing};
use crate::protocol::line::Line;
use crate::protocol::numeric::Numeric;
use crate::site::Site;
use crate::transport::Link;
use crate::transport::websocket::WebSocketWire;
use crate::transport::wire::{Input, Wire};
use crate::user::examiner::Claim;
use crate::user::profile::{self, ClientId, Profile};
use crate::user::request::{DirectoryMsg, Order};

/// Wrong passwords for OPER after which a client is let go.
const OPER_FAILURES_MAX: u32 = 3;

/// Who knocks.
#[derive(Debug, Clone, Copy)]
pub struct Guest {
    /// The number of its connection.
    pub id: ClientId,
    /// Where it comes from.
    pub address: IpAddr,
    /// Whether others cannot listen.
    pub secure: bool,
    /// Why it is not let in, if so.
    pub refusal: Option<&'static str>,
}

/// Whom a connection asks.
#[derive(Debug, Clone)]
pub struct Doors {
    /// About users.
    pub directory: Handle<DirectoryMsg>,
    /// About channels.
    pub rooms: Handle<RoomsMsg>,
    /// About passwords.
    pub examiner: Handle<Claim>,
    /// About nicks, in a network of several servers.
    pub nicks: Option<Names>,
}

/// The messages of a connection.
#[derive(Debug)]
pub enum ConnectionMsg {
    /// From the socket.
    Input(Input),
    /// From others.
    Order(Order),
    /// It is time to see whether the client is alive.
    Tick,
    /// The client may be served again after it was too fast.
    Resume,
    /// The password for OPER was compared.
    OperChecked(bool),
    /// A nick is another's, who had it before where it could not be seen from here.
    NickLost(NameLost),
}

/// How others give orders to a connection.
pub fn orders(connection: &Handle<ConnectionMsg>) -> Handle<Order> {
    connection.map(ConnectionMsg::Order)
}

/// One client.
pub struct Connection {
    guest: Guest,
    site: Arc<Site>,
    doors: Doors,
    outbox: Arc<Outbox>,
    /// Until the start. A WebSocket can be moved between threads but not shared by them; nobody ever waits for the lock.
    link: Mutex<Option<Link>>,
    framing: Framing,
    held: Option<Vec<u8>>,
    bucket: Bucket,
    stage: Stage,
    registering: Option<Attached>,
    cap_version: u32,
    profile: Arc<Profile>,
    /// That the nick is this user's in the whole network.
    hold: Option<Hold>,
    me: Option<Handle<Order>>,
    joined: HashMap<String, Handle<RoomMsg>>,
    heard: Instant,
    pinged: Option<Instant>,
    resuming: bool,
    checking_oper: bool,
    oper_failures: u32,
}

/// How far a client has come.
enum Stage {
    Registering(Box<Registration>),
    Registered,
    Leaving,
}

impl Connection {
    /// A connection over `link`, which is read from when the actor starts.
    pub fn new(link: Link, guest: Guest, site: Arc<Site>, doors: Doors) -> Self {
        let now = clock::now();
        let limits = &site.config.limits;
        let host = profile::host_of(guest.address);
        Self {
            guest,
            outbox: Arc::new(Outbox::new(site.name(), limits.outbox_bytes_max)),
            link: Mutex::new(Some(link)),
            framing: Framing::default(),
            held: None,
            bucket: Bucket::new(limits.lines_burst, limits.lines_per_second, now),
            stage: Stage::Registering(Box::default()),
            registering: None,
            cap_version: 0,
            profile: Arc::new(Profile {
                host,
                server: site.shared_name(),
                secure: guest.secure,
                ..Profile::default()
            }),
            hold: None,
            me: None,
            joined: HashMap::new(),
            heard: now,
            pinged: None,
            resuming: false,
            checking_oper: false,
            oper_failures: 0,
            site,
            doors,
        }
    }

    /// The nick, or a star for a client without one.
    fn nick(&self) -> &str {
        match &self.stage {
            Stage::Registering(registration) => registration.nick.as_deref().unwrap_or("*"),
            _ => &self.profile.nick,
        }
    }

    fn numeric(&self, numeric: Numeric) -> Line {
        self.site.numeric(numeric, self.nick())
    }

    fn reply(&self, line: Line) {
        self.outbox.reply(line);
    }

    fn origin(&self) -> Origin {
        Origin {
            id: self.guest.id,
            profile: self.profile.clone(),
            outbox: self.outbox.clone(),
        }
    }

    fn is_leaving(&self) -> bool {
        matches!(self.stage, Stage::Leaving)
    }

    /// Handles lines as long as there are any, and the client is not too fast.
    async fn serve(&mut self, ctx: &mut Context<ConnectionMsg>) {
        while !self.is_leaving() && !self.checking_oper {
            let Some(line) = self.held.take().or_else(|| self.framing.next_line()) else {
                return;
            };
            if let Err(wait) = self.bucket.take(clock::now()) {
                self.held = Some(line);
                if !std::mem::replace(&mut self.resuming, true) {
                    ctx.once(wait, ConnectionMsg::Resume);
                }
                return;
            }
            self.line(&line, ctx).await;
            if let Some(hold) = &mut self.hold {
                hold.listen(ctx);
            }
            // Nobody waits for a connection: so here a client is slowed down that says more than other servers take.
            self.site.trunks.ready().await;
            if matches!(self.stage, Stage::Registered)
                && let Some(timer) = self.registering.take()
            {
                timer.cancel();
                ctx.once(self.site.config.limits.ping_interval, ConnectionMsg::Tick);
            }
        }
    }

    async fn input(&mut self, input: Input, ctx: &mut Context<ConnectionMsg>) {
        match input {
            Input::Bytes(_) if self.is_leaving() => {}
            Input::Bytes(bytes) => {
                self.heard = clock::now();
                self.pinged = None;
                match self.framing.push(&bytes, self.site.config.limits.input_bytes_max) {
                    Ok(()) => self.serve(ctx).await,
                    Err(Excess::Flood) => self.leave("Excess Flood").await,
                    Err(Excess::EndlessLine) => self.leave("Input line too long").await,
                }
            }
            Input::Ended(reason) => self.leave(&reason).await,
            Input::Overflown => self.leave("SendQ exceeded").await,
            Input::Closed => {
                self.leave("Connection closed").await;
                ctx.stop();
            }
        }
    }

    /// Lets a client go that did not register in time or does not answer, and asks a silent one for a sign of life.
    async fn tick(&mut self, ctx: &mut Context<ConnectionMsg>) {
        let limits = &self.site.config.limits;
        let (interval, timeout) = (limits.ping_interval, limits.ping_timeout);
        match self.stage {
            Stage::Leaving => return,
            Stage::Registering(_) => return self.leave("Registration timed out").await,
            Stage::Registered => {}
        }
        let now = clock::now();
        let next = match self.pinged {
            Some(pinged) if now >= pinged + timeout => {
                let reason = format!("Ping timeout: {} seconds", (interval + timeout).as_secs());
                return self.leave(&reason).await;
            }
            Some(pinged) => pinged + timeout,
            None if now >= self.heard + interval => {
                self.outbox.reply(Line::bare("PING").trailing(self.site.name()));
                self.pinged = Some(now);
                now + timeout
            }
            None => self.heard + interval,
        };
        ctx.once(next - now, ConnectionMsg::Tick);
    }
}

impl Actor for Connection {
    type Msg = ConnectionMsg;

    async fn on_start(&mut self, ctx: &mut Context<ConnectionMsg>) -> ActorResult {
        let (outbox, patience) = (self.outbox.clone(), self.site.config.limits.farewell_timeout);
        match self.link.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            Some(Link::Socket(socket)) => {
                ctx.attach_stream(Wire::new(socket, outbox, patience).map(ConnectionMsg::Input));
            }
            Some(Link::WebSocket(socket, text)) => {
                let wire = WebSocketWire::new(*socket, text, outbox, patience);
                ctx.attach_stream(wire.map(ConnectionMsg::Input));
            }
            None => return Err(ActorError::new("a connection starts only once")),
        }
        if let Some(refusal) = self.guest.refusal {
            self.stage = Stage::Leaving;
            self.close(refusal);
            return Ok(());
        }
        let connection = orders(&ctx.handle());
        self.me = Some(connection.clone());
        self.doors
            .directory
            .tell(DirectoryMsg::Arrived {
                id: self.guest.id,
                outbox: self.outbox.clone(),
                connection,
            })
            .await?;
        let timeout = self.site.config.limits.registration_timeout;
        self.registering = Some(ctx.once(timeout, ConnectionMsg::Tick));
        Ok(())
    }

    async fn handle(&mut self, msg: ConnectionMsg, ctx: &mut Context<ConnectionMsg>) -> ActorResult {
        match msg {
            ConnectionMsg::Input(input) => self.input(input, ctx).await,
            ConnectionMsg::Order(Order::Disconnect { reason }) => self.leave(&reason).await,
            ConnectionMsg::Tick => self.tick(ctx).await,
            ConnectionMsg::Resume => {
                self.resuming = false;
                self.serve(ctx).await;
            }
            ConnectionMsg::NickLost(lost) => self.nick_lost(&lost, ctx).await,
            ConnectionMsg::OperChecked(right) => {
                self.checking_oper = false;
                self.oper_checked(right).await;
                self.outbox.finish();
                self.serve(ctx).await;
            }
        }
        Ok(())
    }
}
