//! Three members of a cluster, each in a namespace with a cable to a bridge.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::{PART_MAX, Running, quiet};
use crate::step::{self, Outcome, cargo, show};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// For so long nobody may be found down where nobody should be: several times as long as a verdict takes.
const CALM: Duration = Duration::from_secs(20);

/// Builds what a member is.
pub(super) fn program() -> Outcome<PathBuf> {
    show(cargo().args(["build", "--workspace", "--bin", "member"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| step::root().join("target"), PathBuf::from);
    Ok(target.join("debug").join("member"))
}

/// The three, with the network between them; all of which goes when this does.
pub(super) struct Three {
    running: Vec<Running>,
    lives: Vec<String>,
    bridge: Bridge,
}

impl Three {
    pub(super) fn start(program: &Path) -> Outcome<Self> {
        let mut three = Self {
            bridge: Bridge::new()?,
            running: Vec::new(),
            lives: Vec::new(),
        };
        for (at, name) in NAMES.iter().enumerate() {
            let seeds = three.bridge.folder.join("seeds");
            let known: Vec<_> = (0..at).map(|other| format!("{}:4000\n", address(other))).collect();
            std::fs::write(&seeds, known.concat()).map_err(|why| why.to_string())?;
            let mut command = Command::new("ip");
            command.args(["netns", "exec", &three.bridge.names[at]]).arg(program);
            command.arg(format!("name={name}"));
            command.arg(format!("listen={}:4000", address(at)));
            command.arg(format!("seeds={}", seeds.display()));
            let mut running = Running::start(&mut command)?;
            let life = running.until("life ")?;
            three.lives.push(life.trim_start_matches("life ").to_owned());
            three.running.push(running);
            three.all_know(&(0..=at).collect::<Vec<_>>())?;
        }
        Ok(three)
    }

    /// Waits until each of these knows these as members, in the group, the presence and by name.
    fn all_know(&mut self, these: &[usize]) -> Outcome {
        let view: Vec<_> = these.iter().map(|at| &*self.lives[*at]).collect();
        let line = format!("now {}", view.join(" "));
        for at in these {
            let told = self.running[*at].tells_by(Instant::now() + PART_MAX, |told| told == line);
            told.ok_or_else(|| format!("{} never said `{line}`", NAMES[*at]))?;
        }
        Ok(())
    }

    /// A cable is pulled, and put back.
    pub(super) fn cut(&mut self) -> Outcome {
        self.bridge.ip(HUB, "link set port2 down")?;
        self.all_know(&[0, 1])?;
        self.bridge.ip(HUB, "link set port2 up")?;
        self.all_know(&[0, 1, 2])
    }

    /// One hears all others, and none of them hears it.
    pub(super) fn mute(&mut self) -> Outcome {
        self.drop_from_c("add", &[0, 1])?;
        self.all_know(&[0, 1])?;
        self.drop_from_c("del", &[0, 1])?;
        self.all_know(&[0, 1, 2])
    }

    /// One is not heard by one of the others, and nobody is found down for it.
    pub(super) fn one_way(&mut self) -> Outcome {
        self.drop_from_c("add", &[0])?;
        let calm = self.is_calm();
        self.drop_from_c("del", &[0])?;
        calm
    }

    /// Nobody is found down while the network is so bad.
    pub(super) fn bad(&mut self, how: &str) -> Outcome {
        for name in &self.bridge.names[..3] {
            let words = format!("qdisc replace dev veth root netem {how}");
            quiet(Command::new("tc").args(["-n", name]).args(words.split(' ')))?;
        }
        self.is_calm()
    }

    fn drop_from_c(&self, word: &str, to: &[usize]) -> Outcome {
        to.iter().try_for_each(|at| {
            let route = format!("route {word} blackhole {}/32", address(*at));
            self.bridge.ip(2, &route)
        })
    }

    fn is_calm(&mut self) -> Outcome {
        let deadline = Instant::now() + CALM;
        for running in &mut self.running {
            if let Some(line) = running.tells_by(deadline, |line| line.starts_with("gone ")) {
                return Err(format!("somebody was found down: {line}"));
            }
        }
        Ok(())
    }
}

/// Where the bridge stands among the namespaces.
const HUB: usize = 3;

fn address(at: usize) -> String {
    format!("10.78.0.{}", at + 1)
}

struct Bridge {
    names: [String; 4],
    folder: PathBuf,
}

impl Bridge {
    fn new() -> Outcome<Self> {
        let number = std::process::id();
        let name = |which| format!("members-{number}-{which}");
        let bridge = Self {
            names: ["a", "b", "c", "hub"].map(name),
            folder: std::env::temp_dir().join(format!("members-{number}")),
        };
        std::fs::create_dir_all(&bridge.folder).map_err(|why| why.to_string())?;
        for name in &bridge.names {
            quiet(Command::new("ip").args(["netns", "add", name]))?;
        }
        bridge.ip(HUB, "link add bridge type bridge")?;
        bridge.ip(HUB, "link set bridge up")?;
        for at in 0..HUB {
            let (node, hub) = (&bridge.names[at], &bridge.names[HUB]);
            let cable = format!("link add veth netns {node} type veth peer name port{at} netns {hub}");
            quiet(Command::new("ip").args(cable.split(' ')))?;
            bridge.ip(HUB, &format!("link set port{at} master bridge"))?;
            bridge.ip(HUB, &format!("link set port{at} up"))?;
            bridge.ip(at, &format!("address add {}/24 dev veth", address(at)))?;
            bridge.ip(at, "link set veth up")?;
            bridge.ip(at, "link set lo up")?;
        }
        Ok(bridge)
    }

    fn ip(&self, at: usize, words: &str) -> Outcome {
        quiet(Command::new("ip").args(["-n", &self.names[at]]).args(words.split(' ')))
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = quiet(Command::new("ip").args(["netns", "delete", name]));
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
