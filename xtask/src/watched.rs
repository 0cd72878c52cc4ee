//! `cargo xtask watched`: what a page that is left open costs beside a hundred thousand actors.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::flags;
use crate::server::{self, Build};
use crate::step::Outcome;

/// A page that is open may take so much of one core.
const SHARE_MAX: f64 = 0.02;

/// What the kernel counts processor time in, wherever Linux runs.
const TICKS_PER_SECOND: f64 = 100.0;

/// Runs the example with so many actors, for a while unseen and for as long with a page open, and compares.
pub(crate) fn run(words: &[String]) -> Outcome {
    let mut words = words.to_vec();
    let seconds: u64 = flags::take(&mut words, "--seconds")?.unwrap_or(20);
    let actors: u64 = flags::take(&mut words, "--actors")?.unwrap_or(100_000);
    flags::none_left(&words)?;
    let program = server::build(Build::Release, "observed")?;
    let mut observed = Observed::start(Command::new(program).args(["--quiet", "--sleepers", &actors.to_string()]))?;
    let time = Duration::from_secs(seconds);
    let unseen = observed.share_in(time)?;
    let mut page = TcpStream::connect(&observed.address).map_err(|why| format!("{}: {why}", observed.address))?;
    let request = format!("GET /api/looks HTTP/1.1\r\nHost: {}\r\n\r\n", observed.address);
    page.write_all(request.as_bytes()).map_err(|why| why.to_string())?;
    let reader = std::thread::spawn(move || std::io::copy(&mut page.take(u64::MAX), &mut std::io::sink()));
    // What the first look finds is more than what later ones do.
    sleep(Duration::from_secs(2));
    let seen = observed.share_in(time)?;
    drop(observed);
    let _ = reader.join();
    println!(
        "beside {actors} actors: {:.2} % of a core unseen, {:.2} % with a page open",
        unseen * 100.0,
        seen * 100.0
    );
    if seen - unseen > SHARE_MAX {
        return Err(format!("a page that is open takes more than {} %", SHARE_MAX * 100.0));
    }
    Ok(())
}

struct Observed {
    child: Child,
    address: String,
}

impl Observed {
    fn start(command: &mut Command) -> Outcome<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|why| format!("the example cannot be started: {why}"))?;
        let mut line = String::new();
        let said = child
            .stdout
            .take()
            .map(|said| BufReader::new(said).read_line(&mut line));
        let address = line
            .trim()
            .strip_prefix("http://")
            .and_then(|rest| rest.split('/').next());
        match (said, address.map(str::to_owned)) {
            (Some(Ok(_)), Some(address)) => Ok(Self { child, address }),
            _ => Err("the example does not say where it is".to_owned()),
        }
    }

    /// Which part of a core it takes in this time.
    fn share_in(&mut self, time: Duration) -> Outcome<f64> {
        let before = self.ticks()?;
        sleep(time);
        Ok((self.ticks()? - before) / TICKS_PER_SECOND / time.as_secs_f64())
    }

    /// The processor time that it has taken so far.
    fn ticks(&self) -> Outcome<f64> {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = std::fs::read_to_string(&path).map_err(|why| format!("{path}: {why}; this needs Linux"))?;
        let after_name = text.rsplit(')').next().unwrap_or_default();
        let field = |at: usize| after_name.split_whitespace().nth(at)?.parse::<f64>().ok();
        // Of the user and of the system, the 14th and 15th of all.
        field(11)
            .zip(field(12))
            .map(|(user, system)| user + system)
            .ok_or(format!("{path} cannot be understood"))
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
