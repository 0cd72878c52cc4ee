//! One member alone, told once more what it was told among many: so that what it does can be counted.

use std::process::{Command, Stdio};
use std::time::Instant;

use actor_net::membership::ClusterConfig;
use actor_net::membership::engine::Engine;

use super::world::{Journal, any_moment, engine};

/// Where a process of its own finds what its member was told.
const JOURNAL: &str = "MEMBER_JOURNAL";

/// A member that has heard all that came before its rest.
pub(super) struct Alone {
    pub(super) engine: Engine,
    journal: Journal,
    sent: usize,
}

impl Alone {
    pub(super) fn new(journal: &Journal) -> Self {
        let Journal {
            at,
            incarnation,
            stay,
            began,
            ..
        } = *journal;
        let mut alone = Self {
            engine: engine(at, incarnation, stay, ClusterConfig::default(), began),
            journal: journal.clone(),
            sent: 0,
        };
        (0..journal.before).for_each(|number| alone.tell(number));
        alone.sent = 0;
        alone
    }

    fn tell(&mut self, number: usize) {
        let (when, told) = &self.journal.told[number];
        let taken = told.tell(&mut self.engine, *when);
        assert_eq!(taken, Ok(()));
        while let Some(transmit) = self.engine.poll_transmit() {
            drop(transmit);
            self.sent += 1;
        }
        while let Some(event) = self.engine.poll_event() {
            drop(event);
        }
    }

    /// What came since. Returns how many packets it has sent for that.
    #[inline(never)]
    pub(super) fn is_told_the_rest(&mut self) -> usize {
        // Without a closure: its name would match, too, and counting would end where it begins.
        for number in self.journal.before..self.journal.told.len() {
            self.tell(number);
        }
        self.sent
    }
}

/// How many instructions the member needs for what it was told at rest, by callgrind in a process of its own; `None` where that is not installed.
pub(super) fn instructions(journal: &Journal) -> Option<u64> {
    let path = std::env::temp_dir().join(format!("journal-{}", std::process::id()));
    std::fs::write(&path, journal.write()).expect("there is room for it");
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            "--collect-atstart=no",
        ])
        .arg("--toggle-collect=*is_told_the_rest*")
        .arg(std::env::current_exe().expect("it runs"))
        .args(["--exact", "members::alone::in_a_process_of_its_own"])
        .env(JOURNAL, &path)
        .stdin(Stdio::null())
        .output();
    let _ = std::fs::remove_file(&path);
    let output = output.ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let (_, counted) = said.split_once("Collected : ").expect("it says what it counted");
    let digits = counted.chars().take_while(char::is_ascii_digit);
    digits.collect::<String>().parse().ok()
}

/// Does what it is started for by another test, and nothing otherwise.
#[test]
fn in_a_process_of_its_own() {
    let Some(path) = std::env::var_os(JOURNAL) else { return };
    let text = std::fs::read_to_string(path).expect("it was written before");
    let journal = Journal::read(&text, any_moment()).expect("it was written in this way");
    let mut alone = Alone::new(&journal);
    let began = Instant::now();
    let sent = alone.is_told_the_rest();
    println!("{sent} packets in {:?}", began.elapsed());
}

#[test]
fn a_journal_that_is_read_is_what_was_written() {
    let mut world = super::settled(5, 3);
    let at = world.add_with_journal();
    world.run(super::SECOND * 3);
    let journal = world.journal(at);
    journal.before = journal.told.len() / 2;
    let text = journal.write();
    let read = Journal::read(&text, any_moment()).expect("it was written in this way");
    assert_eq!(read.write(), text);
    let (mut one, mut other) = (Alone::new(journal), Alone::new(&read));
    assert!(one.is_told_the_rest() > 0);
    assert_eq!(one.sent, other.is_told_the_rest());
    assert_eq!(one.engine.members_len(), 4);
}
