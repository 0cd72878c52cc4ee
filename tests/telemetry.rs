//! Promises about what a subscriber of `tracing` sees of actors.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use actor_core::Happening;
use actor_core::prelude::*;
use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, Instrument};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Do, Journal, Script, settle, subject, with};

/// What was logged.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn lines_with(&self, words: &str) -> Vec<String> {
        let bytes = self.0.lock().expect("nobody panics while it writes").clone();
        let text = String::from_utf8(bytes).expect("logs are text");
        text.lines()
            .filter(|line| line.contains(words))
            .map(str::to_owned)
            .collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("nobody panics while it writes")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

/// Where there is but one subscriber, the thread that first comes by an event settles for all threads whether anybody
/// listens, and the other tests have none. So there is always this one beside it.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

/// A log of all that this thread says from now on.
fn listen() -> (Log, tracing::subscriber::DefaultGuard) {
    listen_to(tracing::Level::DEBUG)
}

/// The same, from this level on.
pub(crate) fn listen_to(level: tracing::Level) -> (Log, tracing::subscriber::DefaultGuard) {
    LazyLock::force(&SECOND);
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    (log, tracing::subscriber::set_default(subscriber))
}

#[tokio::test(start_paused = true)]
async fn what_an_actor_logs_stands_in_a_span_with_its_path_and_id() {
    let (log, _listening) = listen();
    let (system, actor, _) = subject("a");
    let span = format!("actor{{path=/test/a id={}}}", actor.id());
    actor
        .tell(with(|_| tracing::info!("from the handler")))
        .await
        .expect("it lives");
    actor.tell(Do::Fail("on purpose")).await.expect("it lives");
    settle().await;
    system.shutdown().await;
    tracing::info!("from outside");
    for event in ["from the handler", "started", "failed", "ended"] {
        let lines = log.lines_with(event);
        assert!(lines.iter().any(|line| line.contains(&span)), "{event}: {lines:?}");
    }
    assert!(
        log.lines_with("failed")
            .iter()
            .any(|line| line.contains("/test/a on purpose"))
    );
    assert!(
        log.lines_with("from outside")
            .iter()
            .all(|line| !line.contains("actor{"))
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_logged_in_a_trace_stands_in_a_span_with_the_path_and_id_of_its_actor() {
    let (log, _listening) = listen();
    let (system, actor, _) = subject("a");
    let telling = actor.tell(with(|_| tracing::info!("from the handler")));
    telling
        .instrument(tracing::info_span!("request", number = 7))
        .await
        .expect("it lives");
    settle().await;
    let lines = log.lines_with("from the handler");
    let (request, handler) = ("request{number=7}:handle{", format!("path=/test/a id={} ", actor.id()));
    assert!(
        lines
            .iter()
            .any(|line| line.contains(request) && line.contains(&handler)),
        "{lines:?}"
    );
    system.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_is_logged_with_its_reason() {
    let (log, _listening) = listen();
    let (_system, actor, _) = subject("a");
    actor.tell(with(|ctx| ctx.stop())).await.expect("it lives");
    actor.tell(Do::Nothing).await.expect("it is queued");
    assert!(matches!(actor.watch().await.reason, ExitReason::Normal));
    let letters = log.lines_with("dead letter");
    assert!(
        letters
            .iter()
            .any(|line| line.contains("reason=stopped") && line.contains("support::Do")),
        "{letters:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_ends_a_system_is_logged_with_what_went_before() {
    let (log, _listening) = listen_to(tracing::Level::ERROR);
    let system = System::builder("test")
        .intensity(1, Duration::from_secs(5))
        .build()
        .expect("a name");
    let journal = Journal::default();
    let actor = system
        .spawn_spec(Script::new("a", &journal).spec())
        .expect("a free name");
    for why in ["first", "second"] {
        actor.tell(Do::Fail(why)).await.expect("it lives");
        settle().await;
    }
    let id = actor.id();
    let words = |what: &str| format!("/test/a{id} {what}");
    let lines = log.lines_with(" s ago: ");
    let told: Vec<&str> = lines
        .iter()
        .filter_map(|line| Some(line.split_once(" s ago: ")?.1))
        .collect();
    assert_eq!(
        told[..4],
        [
            words("started"),
            words("failed: /test/a first"),
            words("started for the 2. time"),
            words("failed: /test/a second"),
        ]
    );
    let report = system.shutdown().await;
    let last = report.history.last().expect("it ended").what.to_string();
    assert_eq!(
        last,
        "is gone: it failed: /test gave up: more than 1 restarts of its children in 5s"
    );
    assert!(format!("{report:#}").contains("/test/a first") && !report.to_string().contains("/test/a first"));
}

#[tokio::test(start_paused = true)]
async fn the_last_failures_are_kept_however_many_actors_come_and_go() {
    let (system, actor, _) = subject("a");
    actor.tell(Do::Fail("on purpose")).await.expect("it lives");
    settle().await;
    let journal = Journal::default();
    for _ in 0..1000 {
        let short = system
            .spawn_spec(Script::new("b", &journal).spec())
            .expect("a free name");
        let _ = short.stop().await;
    }
    let history = system.history();
    assert!(history.len() <= 256, "{} events", history.len());
    assert!(history.is_sorted_by_key(|event| event.number));
    let fell = history.iter().find(|event| matches!(event.what, Happening::Fell(_)));
    assert_eq!(fell.expect("it is kept").path, *actor.path());
    let lives = system.lives();
    assert_eq!(
        (lives.started, lives.restarted, lives.fell, lives.ended),
        (1002, 1, 1, 1000)
    );
    system.shutdown().await;
}
