//! The voices of all clients: each speaks at its own moments, on schedule, whether or not the server keeps up.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::MissedTickBehavior;

use crate::Run;
use crate::flags::Flags;
use crate::line::{self, Delivery};

/// The clock by which the voices speak.
const TICK: Duration = Duration::from_millis(1);
/// What one client may have waiting because the server does not read; beyond it the client keeps silent, and says so.
const WAITING_BYTES_MAX: usize = 64 * 1024;
/// When nothing has arrived for this long, what is missing is lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was said.
pub(crate) struct Spoken {
    /// Messages sent by each client.
    pub(crate) sent: Vec<u32>,
    /// Messages that were due, but whose client had no room for them: the server did not read.
    pub(crate) held_back: u64,
    /// The longest time by which this program itself was late with a message.
    pub(crate) late_max: Duration,
    pub(crate) took: Duration,
    /// Deliveries that had arrived when the last message was sent.
    pub(crate) heard: u64,
    waiting: Vec<Vec<u8>>,
}

/// Lets every client speak `rate` times a second, their moments spread evenly.
pub(crate) async fn for_the_whole_time(
    flags: &Flags,
    run: &Run,
    voices: &mut [OwnedWriteHalf],
    bar: &ProgressBar,
) -> Spoken {
    let clients = voices.len();
    let mut spoken = Spoken {
        sent: vec![0; clients],
        held_back: 0,
        late_max: Duration::ZERO,
        took: Duration::ZERO,
        heard: 0,
        waiting: vec![Vec::new(); clients],
    };
    let each_second = clients as f64 * flags.rate;
    let total = (each_second * flags.seconds as f64) as u64;
    let (begun, mut next) = (Instant::now(), 0_u64);
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while next < total {
        ticks.tick().await;
        let due = ((begun.elapsed().as_secs_f64() * each_second) as u64 + 1).min(total);
        let late = begun
            .elapsed()
            .saturating_sub(Duration::from_secs_f64(next as f64 / each_second));
        spoken.late_max = spoken.late_max.max(late);
        for message in next..due {
            let sender = (message % clients as u64) as usize;
            spoken.say(flags, run, sender, &voices[sender]);
        }
        next = due;
        spoken.answer_pings(run, voices);
        spoken.retry(voices);
        show(bar, run, begun.elapsed(), flags.seconds);
    }
    spoken.took = begun.elapsed();
    spoken.heard = run.tally.borrow().heard;
    spoken
}

/// Waits until every message has arrived, or nothing more comes.
pub(crate) async fn until_all_is_heard(
    flags: &Flags,
    run: &Run,
    voices: &mut [OwnedWriteHalf],
    spoken: &Spoken,
    bar: &ProgressBar,
) {
    let mut rest = Spoken {
        waiting: spoken.waiting.clone(),
        sent: Vec::new(),
        ..*spoken
    };
    let expected = run.tally.borrow().expected(&spoken.sent);
    let (mut last, mut since) = (0, Instant::now());
    loop {
        let heard = run.tally.borrow().heard;
        if heard >= expected || since.elapsed() > PATIENCE {
            return;
        }
        if heard != last {
            (last, since) = (heard, Instant::now());
        }
        rest.answer_pings(run, voices);
        rest.retry(voices);
        show(bar, run, Duration::from_secs(flags.seconds), flags.seconds);
        tokio::time::sleep(TICK).await;
    }
}

impl Spoken {
    fn say(&mut self, flags: &Flags, run: &Run, sender: usize, voice: &OwnedWriteHalf) {
        if self.waiting[sender].len() > WAITING_BYTES_MAX {
            self.held_back += 1;
            return;
        }
        let sent_micros = run.began.elapsed().as_micros() as u64;
        let delivery = Delivery {
            sender,
            number: self.sent[sender],
            sent_micros,
        };
        line::write(&mut self.waiting[sender], flags.room_of(sender), &delivery, flags.bytes);
        self.sent[sender] += 1;
        self.flush(sender, voice);
    }

    /// A failed write is left to the ears, which hear why the connection ended.
    fn flush(&mut self, sender: usize, voice: &OwnedWriteHalf) {
        let waiting = &mut self.waiting[sender];
        if let Ok(written) = voice.try_write(waiting) {
            waiting.drain(..written);
        }
    }

    fn retry(&mut self, voices: &[OwnedWriteHalf]) {
        for (sender, voice) in voices.iter().enumerate() {
            if !self.waiting[sender].is_empty() {
                self.flush(sender, voice);
            }
        }
    }

    fn answer_pings(&mut self, run: &Run, voices: &[OwnedWriteHalf]) {
        for (client, token) in run.pings.borrow_mut().drain(..) {
            self.waiting[client].extend_from_slice(b"PONG ");
            self.waiting[client].extend_from_slice(&token);
            self.waiting[client].extend_from_slice(b"\r\n");
            self.flush(client, &voices[client]);
        }
    }
}

fn show(bar: &ProgressBar, run: &Run, elapsed: Duration, seconds: u64) {
    let tenths = elapsed.as_millis() as u64 / 100;
    if tenths == bar.position() && tenths < seconds * 10 {
        return;
    }
    bar.set_position(tenths);
    let tally = run.tally.borrow();
    let each_second = tally.heard as f64 / elapsed.as_secs_f64().max(0.1);
    bar.set_message(format!(
        "{} delivered, {each_second:.0}/s, {} gone",
        tally.heard,
        tally.gone()
    ));
}
