//! The voices of all clients: each speaks at its own moments, on schedule, whether or not the server keeps up.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use tokio::time::MissedTickBehavior;

use crate::Run;
use crate::line::{self, Delivery};

/// The clock by which the voices speak.
const TICK: Duration = Duration::from_millis(1);
/// What one client may have waiting because the server does not read; beyond it the client keeps silent, and says so.
const WAITING_BYTES_MAX: usize = 64 * 1024;
/// When nothing has arrived for this long, what is missing is lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was said.
pub(crate) struct Spoken {
    /// Messages sent by all clients.
    pub(crate) said: u64,
    /// Messages that were due, but whose client had no room for them: the server did not read.
    pub(crate) held_back: u64,
    /// The longest time by which this program itself was late with a message.
    pub(crate) late_max: Duration,
    pub(crate) took: Duration,
    /// Deliveries that had arrived when the last message was sent.
    pub(crate) heard: u64,
}

/// Lets every client speak `rate` times a second, their moments spread evenly.
pub(crate) async fn for_the_whole_time(run: &Run, bar: &ProgressBar) -> Spoken {
    let flags = &run.flags;
    let clients = flags.clients;
    let mut spoken = Spoken {
        said: 0,
        held_back: 0,
        late_max: Duration::ZERO,
        took: Duration::ZERO,
        heard: 0,
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
            spoken.say(run, (message % clients as u64) as usize);
        }
        next = due;
        answer_pings(run);
        retry(run);
        show(bar, run, begun.elapsed(), flags.seconds);
    }
    spoken.took = begun.elapsed();
    spoken.heard = run.tally.borrow().heard;
    spoken
}

/// Waits until every message has arrived, or nothing more comes.
pub(crate) async fn until_all_is_heard(run: &Run, spoken: &Spoken, bar: &ProgressBar) {
    let is_over = |heard: u64| {
        if run.is_coming_back {
            // How much is to come depends on who was there: it is counted now and then.
            return false;
        }
        heard >= run.tally.borrow().expected(&run.sent.borrow())
    };
    let (mut last, mut since) = (spoken.heard, Instant::now());
    loop {
        let heard = run.tally.borrow().heard;
        if is_over(heard) || since.elapsed() > PATIENCE {
            return;
        }
        if heard != last {
            (last, since) = (heard, Instant::now());
        }
        answer_pings(run);
        retry(run);
        show(bar, run, Duration::from_secs(run.flags.seconds), run.flags.seconds);
        tokio::time::sleep(TICK).await;
    }
}

impl Spoken {
    fn say(&mut self, run: &Run, sender: usize) {
        let flags = &run.flags;
        if run.voices.borrow()[sender].is_none() {
            run.away.borrow_mut().unsaid += 1;
            return;
        }
        {
            let waiting = &mut run.waiting.borrow_mut()[sender];
            if waiting.len() > WAITING_BYTES_MAX {
                self.held_back += 1;
                return;
            }
            let number = &mut run.sent.borrow_mut()[sender];
            let delivery = Delivery {
                sender,
                life: run.tally.borrow().life(sender),
                number: *number,
                sent_micros: run.began.elapsed().as_micros() as u64,
            };
            line::write(waiting, flags.room_of(sender), &delivery, flags.bytes);
            *number += 1;
            self.said += 1;
        }
        flush(run, sender);
    }
}

/// A failed write is left to the ears, which hear why the connection ended.
fn flush(run: &Run, sender: usize) {
    let waiting = &mut run.waiting.borrow_mut()[sender];
    if let Some(voice) = &run.voices.borrow()[sender]
        && let Ok(written) = voice.try_write(waiting)
    {
        waiting.drain(..written);
    }
}

fn retry(run: &Run) {
    for sender in 0..run.flags.clients {
        if !run.waiting.borrow()[sender].is_empty() {
            flush(run, sender);
        }
    }
}

fn answer_pings(run: &Run) {
    for (client, token) in run.pings.borrow_mut().drain(..) {
        {
            let waiting = &mut run.waiting.borrow_mut()[client];
            waiting.extend_from_slice(b"PONG ");
            waiting.extend_from_slice(&token);
            waiting.extend_from_slice(b"\r\n");
        }
        flush(run, client);
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
