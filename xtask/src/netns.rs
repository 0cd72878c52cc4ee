//! `cargo xtask netns`: nodes as on machines of their own, each in a network namespace, over a network that is cut, slow or lossy.

mod members;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::flags;
use crate::server::{self, Build};
use crate::step::{self, Outcome};

/// How long any part of it may take.
const PART_MAX: Duration = Duration::from_secs(60);

/// What one node is told about how long the other may be silent.
const SILENCE_SECS: &str = "2";

/// A delay of so much in each direction.
const DELAY: Duration = Duration::from_millis(20);

/// What `two_nodes` prints when it has done everything but see the other end.
const WATCHING: &str = "watches it until it ends";

const ADDRESSES: [&str; 2] = ["10.77.0.1", "10.77.0.2"];

/// Runs each part on a network of its own.
pub(crate) fn run(words: &[String]) -> Outcome {
    flags::none_left(words)?;
    for program in ["ip", "tc"] {
        let is_there = step::read(Command::new(program).arg("-V")).is_some();
        is_there.then_some(()).ok_or_else(|| {
            format!("`{program}` is not here: install iproute2 (on Debian: apt-get install iproute2)")
        })?;
    }
    let program = server::build(Build::Test, "two_nodes")?;
    let network = Network::new()?;
    let folder = network.folder.to_string_lossy().into_owned();
    quiet(Command::new(&program).args(["keygen", &folder, "a", "b"]))?;

    cut(&network, &program)?;
    eprintln!("  cut and mended: lost on both sides, and found again");
    let member = members::program()?;
    cut_among_three(&member)?;
    if let Err(why) = network.disturb("delay 0ms") {
        return Err(format!(
            "the cuts went well, but delay and loss could not be tried: this kernel has no netem (its module is sch_netem; {why})"
        ));
    }
    delay(&network, &program)?;
    eprintln!("  {DELAY:?} of delay each way: the usual round trip has both");
    loss(&network, &program)?;
    eprintln!("  5 % of loss each way: everything came, in order");
    for how in ["delay 200ms", "loss 5%"] {
        let mut three = members::Three::start(&member)?;
        three.bad(how)?;
        eprintln!("  three members, {how}: nobody was found down");
    }
    Ok(())
}

fn cut(network: &Network, program: &Path) -> Outcome {
    let _b = network.answer(program)?;
    let mut a = network.call(program, "10000", "200")?;
    a.until(WATCHING)?;
    let begun = Instant::now();
    network.ip(0, "link set veth down")?;
    let fired = a.until("the watch fires")?;
    if !fired.ends_with("was lost with its node") {
        return Err(format!("over a network that was cut, {fired}"));
    }
    eprintln!("  {:.1} s after the cut {fired}", begun.elapsed().as_secs_f32());
    network.ip(0, "link set veth up")?;
    // The other side may give up its old connection a little later, and until then the name is taken.
    loop {
        let again = network.call(program, "1000", "100").and_then(|mut a| a.until(WATCHING));
        match again {
            Ok(_) => return Ok(()),
            Err(why) if begun.elapsed() > PART_MAX => return Err(format!("after the cut was mended: {why}")),
            Err(_) => {}
        }
    }
}

fn cut_among_three(member: &Path) -> Outcome {
    let mut three = members::Three::start(member)?;
    three.cut()?;
    eprintln!("  three members: one whose cable was pulled was found down, and came back");
    three.mute()?;
    eprintln!("  three members: one that nobody heard was found down, and came back");
    three.one_way()?;
    eprintln!("  three members: one that one of the others did not hear stayed");
    Ok(())
}

fn delay(network: &Network, program: &Path) -> Outcome {
    network.disturb(&format!("delay {}ms", DELAY.as_millis()))?;
    let _b = network.answer(program)?;
    let mut a = network.call(program, "1000", "100")?;
    let line = a.until("asked it")?;
    let micros = line
        .split_once("round trip ")
        .and_then(|(_, rest)| rest.split(' ').next());
    let micros: u128 = micros.and_then(|text| text.parse().ok()).ok_or_else(|| line.clone())?;
    eprintln!("  {line}");
    if micros < 2 * DELAY.as_micros() {
        return Err(format!("there are {DELAY:?} of delay each way, and {line}"));
    }
    Ok(())
}

fn loss(network: &Network, program: &Path) -> Outcome {
    network.disturb("loss 5%")?;
    let _b = network.answer(program)?;
    let mut a = network.call(program, "10000", "200")?;
    // It says so only if they came in order.
    eprintln!("  {}", a.until("told it")?);
    eprintln!("  {}", a.until("asked it")?);
    Ok(())
}

/// Two namespaces with a cable between them, and a folder; all of which goes when this does.
struct Network {
    names: [String; 2],
    folder: PathBuf,
}

impl Network {
    fn new() -> Outcome<Self> {
        let number = std::process::id();
        let network = Self {
            names: [format!("nodes-{number}-a"), format!("nodes-{number}-b")],
            folder: std::env::temp_dir().join(format!("nodes-{number}")),
        };
        let [a, b] = &network.names;
        for name in [a, b] {
            quiet(Command::new("ip").args(["netns", "add", name])).map_err(|why| {
                format!(
                    "no network namespace can be made here: it takes root, or CAP_SYS_ADMIN and CAP_NET_ADMIN ({why})"
                )
            })?;
        }
        let cable = format!("link add veth netns {a} type veth peer name veth netns {b}");
        quiet(Command::new("ip").args(cable.split(' ')))
            .map_err(|why| format!("this kernel has no veth (its module is veth; {why})"))?;
        for (side, address) in ADDRESSES.iter().enumerate() {
            network.ip(side, &format!("address add {address}/24 dev veth"))?;
            network.ip(side, "link set veth up")?;
        }
        Ok(network)
    }

    fn ip(&self, side: usize, words: &str) -> Outcome {
        quiet(
            Command::new("ip")
                .args(["-n", &self.names[side]])
                .args(words.split(' ')),
        )
    }

    /// Has both ends of the cable send badly.
    fn disturb(&self, how: &str) -> Outcome {
        self.names.iter().try_for_each(|name| {
            let words = format!("qdisc replace dev veth root netem {how}");
            quiet(Command::new("tc").args(["-n", name]).args(words.split(' ')))
        })
    }

    fn answer(&self, program: &Path) -> Outcome<Running> {
        let listen = format!("{}:4000", ADDRESSES[1]);
        let mut running = self.start(1, program, &["answer", "--name", "b", "--listen", &listen])?;
        running.until("takes connections at")?;
        Ok(running)
    }

    fn call(&self, program: &Path, tells: &str, asks: &str) -> Outcome<Running> {
        let at = format!("{}:4000", ADDRESSES[1]);
        let role = ["call", "--name", "a", "--at", &at, "--tells", tells, "--asks", asks];
        self.start(0, program, &role)
    }

    fn start(&self, side: usize, program: &Path, role: &[&str]) -> Outcome<Running> {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.names[side]])
            .arg(program)
            .args(role);
        command
            .args(["--silence", SILENCE_SECS, "--certificates"])
            .arg(&self.folder);
        Running::start(&mut command)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = quiet(Command::new("ip").args(["netns", "delete", name]));
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A process whose lines are read; it ends with this.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(command: &mut Command) -> Outcome<Self> {
        // Some end when their input does, which is when this does.
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|why| why.to_string())?;
        let stdout = child.stdout.take().ok_or("its output is no pipe")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let read = BufReader::new(stdout).lines().map_while(Result::ok);
            read.take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
        });
        Ok(Self { child, lines })
    }

    /// Its next line that is meant, if it comes by then.
    fn tells_by(&mut self, deadline: Instant, is_meant: impl Fn(&str) -> bool) -> Option<String> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if is_meant(&line) => return Some(line),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    /// Its next line that begins so.
    fn until(&mut self, begin: &str) -> Outcome<String> {
        let line = self.tells_by(Instant::now() + PART_MAX, |line| line.starts_with(begin));
        line.ok_or_else(|| format!("a node never said `{begin}`"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a command out of sight; an error has its words.
fn quiet(command: &mut Command) -> Outcome {
    let output = command.stdin(Stdio::null()).output().map_err(|why| why.to_string())?;
    let words = String::from_utf8_lossy(&output.stderr);
    output
        .status
        .success()
        .then_some(())
        .ok_or_else(|| words.trim().to_owned())
}
