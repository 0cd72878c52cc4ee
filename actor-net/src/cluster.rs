//! A node as a member of a cluster: it finds the others by itself, and knows who is there.

mod discovery;
mod driver;
mod seek;
mod sought;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actor_wire::Wire;
use tokio::sync::{broadcast, mpsc, watch};

use crate::config::Unusable;
use crate::error::ExposeError;
use crate::group::{ClusterGroup, GroupError, Groups, GroupsConfig};
use crate::membership::engine::Engine;
use crate::membership::policy::Standing;
use crate::membership::{ClusterConfig, Identity, Member, MemberEvent, MemberState, Profile, ProfileTooLarge, Stay};
use crate::names::{Names, NamesConfig};
use crate::node::Node;
use crate::presence::{Presence, PresenceConfig};

pub use self::discovery::Discovery;
use self::discovery::{Dns, File, Listed};
use self::driver::Input;
use self::seek::Seeker;

/// So much of what the members' task is to do waits for it.
const INPUTS_MAX: usize = 1024;

/// Why a node cannot be a member.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// The node names no cluster: two that were never meant to meet could become one.
    NoCluster,
    /// The node takes no connections, and nobody has said where it is reached.
    NoAddress,
    /// It is one already.
    Joined,
    /// A setting makes no sense.
    Setting(Unusable),
    /// What it says of itself is too much.
    Profile(ProfileTooLarge),
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::NoCluster => f.write_str("name the cluster: `Node::builder(…).cluster(\"chat\")`"),
            JoinError::NoAddress => {
                f.write_str("a member is reached by others: let the node listen, or say where by `advertise`")
            }
            JoinError::Joined => f.write_str("this node is a member already"),
            JoinError::Setting(why) => why.fmt(f),
            JoinError::Profile(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for JoinError {}

/// A membership to be. Made by [`Cluster::builder`].
#[must_use = "a builder starts nothing"]
pub struct ClusterBuilder {
    node: Node,
    profile: Profile,
    config: ClusterConfig,
    advertise: Option<String>,
    sources: Vec<Box<dyn Discovery>>,
    groups: GroupsConfig,
    presence: PresenceConfig,
    names: NamesConfig,
}

impl ClusterBuilder {
    /// Addresses where members may be, as `host:port`; this node's own may be among them, so that all can have the same list. A node that finds
    /// nobody there begins a cluster of its own if the list is empty or names it, and looks on otherwise.
    pub fn seeds<A: Into<String>>(mut self, addresses: impl IntoIterator<Item = A>) -> Self {
        let listed = Listed(addresses.into_iter().map(Into::into).collect());
        self.sources.push(Box::new(listed));
        self
    }

    /// A name, as `chat.internal:4000`, whose every address may be that of a member. It is looked up again and again. As long as it has never been
    /// found, this node begins no cluster: a name that is there only when members are has to be there before the first of them is.
    pub fn seed_dns(mut self, name: impl Into<String>) -> Self {
        self.sources.push(Box::new(Dns(name.into())));
        self
    }

    /// A file with an address on each line, where `#` begins a remark. It is read again and again.
    pub fn seed_file(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.sources.push(Box::new(File(path.into())));
        self
    }

    /// Another way to find members.
    pub fn discovery(mut self, discovery: impl Discovery) -> Self {
        self.sources.push(Box::new(discovery));
        self
    }

    /// What this node says of itself to all others.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Where others reach this node, if that is not where it listens.
    pub fn advertise(mut self, address: impl Into<String>) -> Self {
        self.advertise = Some(address.into());
        self
    }

    /// Every setting of the membership, the same for all members.
    pub fn config(mut self, config: ClusterConfig) -> Self {
        self.config = config;
        self
    }

    /// How long groups wait, and how many there may be.
    pub fn groups(mut self, config: GroupsConfig) -> Self {
        self.groups = config;
        self
    }

    /// What each presence may take, and how long it waits.
    pub fn presence(mut self, config: PresenceConfig) -> Self {
        self.presence = config;
        self
    }

    /// How long names wait, and how many there may be.
    pub fn names(mut self, config: NamesConfig) -> Self {
        self.names = config;
        self
    }

    /// Begins to look for the others, and waits until this node is up.
    ///
    /// # Errors
    /// What is wrong with the settings; nothing was begun then. That nobody can be found is no error: it goes on looking.
    ///
    /// # Cancel safety
    /// Dropping the future ends the membership without a word.
    pub async fn join(self) -> Result<Cluster, JoinError> {
        let cluster = self.begin()?;
        cluster.up().await;
        Ok(cluster)
    }

    /// Begins to look for the others, and waits for nothing.
    ///
    /// # Errors
    /// As for [`join`](Self::join).
    pub fn begin(self) -> Result<Cluster, JoinError> {
        let net = self.node.net();
        self.config.check().map_err(JoinError::Setting)?;
        self.profile.check().map_err(JoinError::Profile)?;
        if net.local.cluster.is_empty() {
            return Err(JoinError::NoCluster);
        }
        let address = self.advertise.or_else(|| self.node.address().map(str::to_owned));
        let address = address.ok_or(JoinError::NoAddress)?;
        let packets = net.packets.taker().ok_or(JoinError::Joined)?;
        let me = Identity {
            id: net.id.clone(),
            // A test's stays are to be the same in each run; one that is too low is mended when the others say so.
            stay: if net.is_seeded { Stay(1) } else { driver::first_stay() },
            address: address.into(),
        };
        let seed = (net.chance() * (1_u64 << 53) as f64) as u64;
        let now = crate::clock::now().into_std();
        let cluster = net.local.cluster.clone();
        let engine = Engine::new(me, &cluster, Arc::new(self.profile), self.config, seed, now);
        let shared = Arc::new(Shared {
            view: Mutex::new(View::of(&engine)),
            state: watch::Sender::new(engine.state()),
        });
        net.members.is_apart.send_replace(false);
        let (inputs, receiver) = mpsc::channel(INPUTS_MAX);
        net.spawn(driver::run(net.clone(), engine, shared.clone(), packets, receiver));
        net.spawn(driver::hear_of_losses(net.clone(), inputs.clone()));
        let seeker = Seeker {
            net: net.clone(),
            shared: shared.clone(),
            sources: self.sources,
            inputs: inputs.clone(),
        };
        net.spawn(seeker.run());
        Ok(Cluster(Arc::new(Running {
            node: self.node,
            shared,
            inputs,
            groups: self.groups,
            presence: self.presence,
            names: self.names,
        })))
    }
}

/// A node's membership. Clones are the same one; dropping the last ends it without a word, so that the others have to find out. What it shared is
/// gone at them at once, as when it [leaves](Self::leave): until it joins again it shares nothing.
///
/// What members share is had from it: [groups](Self::group), [presence](Self::presence) and [names](Self::names). Each finds all members by itself,
/// also those that nobody here has spoken with, and takes no time to give up one that leaves.
///
/// ```no_run
/// # use actor_core::System;
/// # use actor_net::{Cluster, Node, Profile};
/// # async fn example(node: Node) -> Result<(), Box<dyn std::error::Error>> {
/// let profile = Profile { version: "1.4.0".to_owned(), ..Profile::default() };
/// let cluster = Cluster::builder(&node).seeds(["10.0.0.1:4000", "10.0.0.2:4000"]).profile(profile).join().await?;
/// for member in cluster.members().iter() {
///     println!("{} at {}", member.id, member.address);
/// }
/// let users = cluster.presence::<String>("users")?;
/// let lobby = cluster.group::<String>("room:lobby").await?;
/// lobby.broadcast("hello".to_owned());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Cluster(Arc<Running>);

struct Running {
    node: Node,
    shared: Arc<Shared>,
    inputs: mpsc::Sender<Input>,
    groups: GroupsConfig,
    presence: PresenceConfig,
    names: NamesConfig,
}

impl Drop for Running {
    fn drop(&mut self) {
        // Where there is no room for that, the node itself goes, most likely.
        let _ = self.inputs.try_send(Input::Over);
    }
}

/// What the members' task says to those who ask.
struct Shared {
    view: Mutex<View>,
    state: watch::Sender<MemberState>,
}

impl Shared {
    fn view(&self) -> MutexGuard<'_, View> {
        // Nothing of a user's runs under it.
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone)]
struct View {
    members: Arc<[Member]>,
    stay: Stay,
    standing: Standing,
}

impl View {
    fn of(engine: &Engine) -> Self {
        Self {
            members: engine.members().into(),
            stay: engine.me().stay,
            standing: engine.standing(),
        }
    }
}

impl Cluster {
    /// Begins with the defaults, and without seeds.
    pub fn builder(node: &Node) -> ClusterBuilder {
        ClusterBuilder {
            node: node.clone(),
            profile: Profile::default(),
            config: ClusterConfig::default(),
            advertise: None,
            sources: Vec::new(),
            groups: GroupsConfig::default(),
            presence: PresenceConfig::default(),
            names: NamesConfig::default(),
        }
    }

    /// The node that is the member.
    pub fn node(&self) -> &Node {
        &self.0.node
    }

    /// All members as they are known here, this node among them, by name.
    pub fn members(&self) -> Arc<[Member]> {
        self.0.shared.view().members.clone()
    }

    /// Which stay of this node it is. It is another one after the others had taken it for down.
    pub fn stay(&self) -> Stay {
        self.0.shared.view().stay
    }

    /// Whether the side of the cluster that is reached from here may hold what must be single, as the policy has it.
    pub fn standing(&self) -> Standing {
        self.0.shared.view().standing
    }

    /// What becomes of the members, from now on: who subscribes first and then looks at [`members`](Self::members) misses nothing. One who does
    /// not listen for long misses the oldest, is told how many, and looks at the members again.
    pub fn events(&self) -> broadcast::Receiver<MemberEvent> {
        self.0.node.net().members.events.subscribe()
    }

    /// Waits until this node is up: it has found others, or is the first one. At once if it has left.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn up(&self) {
        let mut state = self.0.shared.state.subscribe();
        let _ = state.wait_for(|state| *state != MemberState::Joining).await;
    }

    /// Says something else of this node to all others.
    ///
    /// # Errors
    /// It is too much; nothing was changed.
    ///
    /// # Cancel safety
    /// Dropping the future leaves open whether it was said.
    pub async fn set_profile(&self, profile: Profile) -> Result<(), ProfileTooLarge> {
        profile.check()?;
        let _ = self.0.inputs.send(Input::Profile(Arc::new(profile))).await;
        Ok(())
    }

    /// The groups that members share. This node takes part in them from the first call on.
    pub fn groups(&self) -> Groups {
        Groups::of(&self.0.node, self.0.groups.clone())
    }

    /// The group of this name, whose members take `M` at all nodes.
    ///
    /// # Errors
    /// Members of that name take something else, here or at another node; or it cannot be a name.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn group<M: Wire + Clone>(&self, name: &str) -> Result<ClusterGroup<M>, GroupError> {
        self.groups().group(name).await
    }

    /// The presence of this name: who is there, at all members that have asked for it. It is opened by the first call.
    ///
    /// # Errors
    /// One of this name says something else of its sessions at this node, or the name is too long.
    pub fn presence<T: Wire + Sync>(&self, name: &str) -> Result<Presence<T>, ExposeError> {
        Presence::of(&self.0.node, name, self.0.presence.clone())
    }

    /// The names that one actor of all members has. This node takes part in them from the first call on.
    pub fn names(&self) -> Names {
        Names::of(&self.0.node, self.0.names.clone())
    }

    /// Leaves: says so to all others, gives them the time to hear it that the settings say, and goes.
    ///
    /// What this node had in groups, its sessions and its names are gone at all others at once, before it goes. The node lives on, and can join
    /// again, with what it has by then; until then it shares nothing. [`Node::leave`] ends its connections, when what was accepted is written.
    ///
    /// # Cancel safety
    /// Dropping the future may leave it announced; call it again to go.
    pub async fn leave(&self) {
        self.leave_after(std::future::ready(())).await;
    }

    /// The same, with something to be done between word and deed: the others know that this node will go, and it takes part as before until
    /// `drained` is over. It is the time to bring to other nodes what is here, sessions say, which then do not flicker.
    ///
    /// # Cancel safety
    /// As for [`leave`](Self::leave).
    pub async fn leave_after(&self, drained: impl Future<Output = ()>) {
        let mut state = self.0.shared.state.subscribe();
        let _ = self.0.inputs.send(Input::AnnounceLeave).await;
        drained.await;
        let members = &self.0.node.net().members;
        if self.0.inputs.send(Input::Leave).await.is_ok() {
            members.is_apart.send_replace(true);
            let _ = state.wait_for(|state| *state == MemberState::Down).await;
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.members().len();
        write!(f, "Cluster({}, {members} members)", self.0.node.id())
    }
}
