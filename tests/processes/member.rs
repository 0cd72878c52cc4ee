//! A member of a cluster in a process of its own, for the tests that stop, continue and kill some.
//!
//! `member name=a listen=127.0.0.1:0 seeds=FILE` takes part in the group `lobby` and in the presence `users`, and claims its own name. Whenever what it
//! knows of all that changes it tells so: `now` with the lives that are there, if members, group, presence and names agree on them, and
//! with each in turn otherwise. It ends when its input does.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actor_core::prelude::*;
use actor_net::group::ClusterGroup;
use actor_net::names::{Claim, Names};
use actor_net::presence::Presence;
use actor_net::{Cluster, Codec, MemberEvent, MemberState, Node, NodeId, Secret, Security};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// How often it looks whether it knows something else.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Clone, Serialize, Deserialize)]
struct Said {
    by: String,
    number: u64,
}

/// What was heard from whom: from which number to which, or where one was missing.
type Heard = Arc<Mutex<BTreeMap<String, Result<(u64, u64), String>>>>;

struct Guest(Heard);

impl Actor for Guest {
    type Msg = Said;

    async fn handle(&mut self, said: Said, _ctx: &mut Context<Said>) -> ActorResult {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = heard.entry(said.by).or_insert(Ok((said.number, said.number - 1)));
        match entry {
            Ok((_, last)) if *last + 1 == said.number => *last = said.number,
            Ok((_, last)) => *entry = Err(format!("{} behind {last}", said.number)),
            Err(_) => {}
        }
        Ok(())
    }
}

struct Site {
    cluster: Cluster,
    lobby: ClusterGroup<Said>,
    users: Presence<u8>,
    names: Names,
    heard: Heard,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let words = std::env::args().skip(1).collect::<Vec<_>>();
    let flags: HashMap<&str, &str> = words.iter().filter_map(|word| word.split_once('=')).collect();
    let flag = |name: &'static str| flags.get(name).copied().ok_or(name);
    let system = System::new("member");
    let secret = Secret::new(b"a secret that is long enough").ok_or("a longer secret")?;
    let name = flag("name")?;
    let node = Node::builder(&system)
        .name(name)
        .cluster("chat")
        .security(Security::secret(secret))
        // So that each codec is spoken.
        .codec(Codec::ALL[usize::from(name == "c")])
        .listen(flag("listen")?)
        .start()
        .await?;
    println!("ready {}", node.address().unwrap_or_default());
    println!("life {}", node.id());

    let cluster = Cluster::builder(&node).seed_file(flag("seeds")?).join().await?;
    let site = Site {
        lobby: cluster.group("lobby").await?,
        users: cluster.presence("users")?,
        names: cluster.names(),
        heard: Heard::default(),
        cluster,
    };
    let heard = site.heard.clone();
    let guest = system.spawn("guest", move || Guest(heard.clone()))?;
    site.lobby.join(&guest);
    let session = site.users.track(name, 0)?;
    let mut claim: Option<Claim> = None;
    let mut events = site.cluster.events();
    let mut orders = BufReader::new(stdin()).lines();
    let (mut view, mut said) = (String::new(), 0);
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            order = orders.next_line() => match order?.as_deref() {
                None => return Ok(()),
                Some("say") => {
                    said += 1;
                    let by = node.id().to_string();
                    let told = site.lobby.broadcast(Said { by, number: said });
                    println!("said {said} to {}", told.nodes.delivered);
                }
                Some("look") => println!("looked {}", site.view()),
                Some("heard") => println!("heard {:?}", site.heard.lock().unwrap_or_else(PoisonError::into_inner)),
                Some("leave") => {
                    site.cluster.leave().await;
                    node.leave().await;
                    println!("left");
                    drop(session);
                    return Ok(());
                }
                Some(order) => println!("not understood: {order}"),
            },
            event = events.recv() => match event? {
                MemberEvent::Gone(member, how) => println!("gone {} {how:?}", member.id),
                MemberEvent::Rejoined { .. } => println!("rejoined"),
                _ => {}
            },
            _ = look.tick() => {
                if claim.is_none() {
                    claim = site.names.claim(flag("name")?, &guest).await.ok();
                }
                let now = site.view();
                if now != view {
                    println!("now {now}");
                    view = now;
                }
            }
        }
    }
}

fn line(ids: &[NodeId]) -> String {
    ids.iter().map(NodeId::to_string).collect::<Vec<_>>().join(" ")
}

impl Site {
    fn view(&self) -> String {
        let members = self.cluster.members();
        let is_well = |state: MemberState| state == MemberState::Up;
        let members = members
            .iter()
            .filter(|member| is_well(member.state) && member.unreachable.is_none());
        let members: Vec<_> = members.map(|member| member.id.clone()).collect();
        let lobby: Vec<_> = self.lobby.nodes().into_iter().map(|(id, _)| id).collect();
        let users = self.users.list().into_iter().flat_map(|(_, sessions)| sessions);
        let users: Vec<_> = users.map(|session| session.node).collect();
        let names: Vec<_> = NAMES.iter().filter_map(|name| self.names.holder(name)).collect();
        if [&lobby, &users, &names].into_iter().all(|other| *other == members) {
            return line(&members);
        }
        let lists = [members, lobby, users, names].map(|ids| line(&ids));
        lists.join(" | ")
    }
}
