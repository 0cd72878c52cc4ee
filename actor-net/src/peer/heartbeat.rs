//! Whether the peer lives: when to ask it for a sign of life, and when to give it up.
//!
//! Any byte from the peer is a sign of life, so a busy connection is asked for none; it is pinged once in a while all the same, as nobody would know
//! how long an answer takes. The round trip is estimated as TCP does it (Jacobson and
//! Karels; RFC 6298): a smoothed mean and deviation. A peer that is silent for `heartbeat_timeout` is gone, but never before an answer was due:
//! the mean and four deviations after it was asked, as TCP waits before it sends again. So the time-out adapts to a slow peer, up to twice
//! its length; and not to a quick one, as a pause shorter than it is promised to lose nothing.
//!
//! A pause of our own (a stopped process, a stalled runtime) is not the peer's silence: between two looks at the clock at most as much counts
//! as was planned, and a bit.
//!
//! # How it is used
//! [`Heartbeat::heard`] at each read, [`Heartbeat::pong`] for each `Pong`, and [`Heartbeat::tick`] when
//! [`Heartbeat::next_tick`] has come. Nothing here is ever earlier for a tick that is late.

use std::time::{Duration, Instant};

/// How long an answer takes is measured again after so many intervals, where no silence has asked for one.
const INTERVALS_PER_MEASURE: u32 = 10;

#[derive(Debug)]
pub(crate) struct Heartbeat {
    interval: Duration,
    timeout: Duration,
    last_tick: Instant,
    /// For how long the peer was silent at the last tick, without pauses of our own.
    silent: Duration,
    /// Whether it was heard since.
    heard: bool,
    next_token: u64,
    /// The ping that was not answered yet.
    asked: Option<(u64, Instant)>,
    round_trip: Option<RoundTrip>,
    /// When the last answer came, or the peer was first heard.
    measured: Instant,
}

/// How long an answer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoundTrip {
    pub(crate) mean: Duration,
    pub(crate) deviation: Duration,
}

/// What a tick asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    Nothing,
    /// Send a ping with this token, before any data.
    Ping(u64),
    /// The peer is gone.
    Dead,
}

impl Heartbeat {
    /// For a peer that was heard at `now`.
    pub(crate) fn new(interval: Duration, timeout: Duration, now: Instant) -> Self {
        Self {
            interval,
            timeout,
            last_tick: now,
            silent: Duration::ZERO,
            heard: false,
            next_token: 1,
            asked: None,
            round_trip: None,
            measured: now,
        }
    }

    /// Bytes came, whatever they are.
    pub(crate) fn heard(&mut self) {
        self.heard = true;
    }

    /// The answer to a ping came.
    pub(crate) fn pong(&mut self, token: u64, now: Instant) {
        if let Some((_, sent)) = self.asked.take_if(|(asked, _)| *asked == token) {
            let sample = now.saturating_duration_since(sent);
            self.measured = now;
            self.round_trip = Some(match self.round_trip {
                None => RoundTrip {
                    mean: sample,
                    deviation: sample / 2,
                },
                Some(RoundTrip { mean, deviation }) => RoundTrip {
                    mean: mean * 7 / 8 + sample / 8,
                    deviation: deviation * 3 / 4 + mean.abs_diff(sample) / 4,
                },
            });
        }
    }

    /// Looks at the clock.
    pub(crate) fn tick(&mut self, now: Instant) -> Beat {
        let passed = now.saturating_duration_since(self.last_tick);
        self.last_tick = now;
        if std::mem::take(&mut self.heard) {
            self.silent = Duration::ZERO;
        }
        // A tick that is much too late was held up here, and what the peer sent meanwhile was not read yet.
        self.silent += passed.min(self.step() * 2);
        if self.silent >= self.patience() {
            return Beat::Dead;
        }
        let lost = self
            .asked
            .is_some_and(|(_, sent)| now.saturating_duration_since(sent) >= self.interval * 2);
        let is_stale = now.saturating_duration_since(self.measured) >= self.interval * INTERVALS_PER_MEASURE;
        if (self.silent >= self.interval || is_stale) && (self.asked.is_none() || lost) {
            return Beat::Ping(self.ping(now));
        }
        Beat::Nothing
    }

    /// Asks for a sign of life at once: somebody doubts that the peer lives.
    pub(crate) fn ping(&mut self, now: Instant) -> u64 {
        let token = self.next_token;
        self.next_token += 1;
        self.asked = Some((token, now));
        token
    }

    /// For how long nothing was heard at `now`; not known more exactly than by the last tick.
    pub(crate) fn silent_for(&self, now: Instant) -> Duration {
        if self.heard {
            Duration::ZERO
        } else {
            self.silent + now.saturating_duration_since(self.last_tick)
        }
    }

    /// When the next tick is due.
    pub(crate) fn next_tick(&self) -> Instant {
        self.last_tick + self.step()
    }

    fn step(&self) -> Duration {
        self.interval / 2
    }

    /// For how long the peer may be silent.
    fn patience(&self) -> Duration {
        let answer = self
            .round_trip
            .map_or(Duration::ZERO, |usual| usual.mean + usual.deviation * 4);
        (self.interval + answer).clamp(self.timeout, self.timeout * 2)
    }

    pub(crate) fn round_trip(&self) -> Option<RoundTrip> {
        self.round_trip
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(1);
    const TIMEOUT: Duration = Duration::from_secs(10);

    fn t0() -> Instant {
        static T0: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(|| crate::clock::now().into_std());
        *T0
    }

    fn beat() -> Heartbeat {
        Heartbeat::new(INTERVAL, TIMEOUT, t0())
    }

    /// Ticks whenever one is due, up to `until`; returns what came of it and when.
    fn run(beat: &mut Heartbeat, until: Duration) -> Vec<(u128, Beat)> {
        let mut events = Vec::new();
        while beat.next_tick() <= t0() + until {
            let now = beat.next_tick();
            match beat.tick(now) {
                Beat::Nothing => {}
                event => events.push((now.duration_since(t0()).as_millis(), event)),
            }
            if events.last().is_some_and(|(_, event)| *event == Beat::Dead) {
                break;
            }
        }
        events
    }

    #[test]
    fn a_silent_peer_is_asked_and_then_given_up() {
        let events = run(&mut beat(), Duration::from_secs(60));
        assert_eq!(events.first(), Some(&(1_000, Beat::Ping(1))));
        assert_eq!(events.last(), Some(&(10_000, Beat::Dead)));
        assert_eq!(
            events.len(),
            6,
            "every two intervals a new ping, in case one was lost: {events:?}"
        );
    }

    #[test]
    fn any_byte_is_a_sign_of_life_and_what_an_answer_takes_is_asked_for_now_and_then() {
        let mut beat = beat();
        let mut asked = Vec::new();
        for half_second in 1..100_u32 {
            beat.heard();
            let now = t0() + INTERVAL / 2 * half_second;
            match beat.tick(now) {
                Beat::Nothing => {}
                Beat::Ping(token) => {
                    asked.push(half_second);
                    beat.pong(token, now + INTERVAL / 10);
                }
                Beat::Dead => panic!("it was heard"),
            }
        }
        // Ten intervals after the answer before, by the next tick.
        assert_eq!(asked, [20, 41, 62, 83]);
        assert_eq!(beat.round_trip().map(|usual| usual.mean.as_millis()), Some(100));
    }

    #[test]
    fn a_pause_of_our_own_is_not_the_peers_silence() {
        let mut beat = beat();
        run(&mut beat, Duration::from_secs(3));
        // The process was stopped for a minute. What the peer has sent meanwhile is read after the tick.
        assert_ne!(beat.tick(t0() + Duration::from_secs(63)), Beat::Dead);
        beat.heard();
        assert_eq!(beat.tick(t0() + Duration::from_millis(63_500)), Beat::Nothing);
    }

    #[test]
    fn a_peer_that_was_stopped_for_less_than_the_timeout_goes_on() {
        let mut beat = beat();
        let events = run(&mut beat, Duration::from_millis(9_900));
        assert!(events.iter().all(|(_, event)| *event != Beat::Dead));
        beat.heard();
        assert_eq!(run(&mut beat, Duration::from_millis(10_400)), []);
    }

    #[test]
    fn the_round_trip_is_measured_by_the_ping_that_is_answered() {
        let mut beat = beat();
        let token = beat.ping(t0());
        beat.pong(token + 7, t0() + Duration::from_millis(1));
        assert_eq!(beat.round_trip(), None, "an answer that nobody asked for");
        beat.pong(token, t0() + Duration::from_millis(80));
        beat.pong(token, t0() + Duration::from_millis(500));
        assert_eq!(beat.round_trip().map(|usual| usual.mean.as_millis()), Some(80));
        let token = beat.ping(t0() + Duration::from_secs(1));
        beat.pong(token, t0() + Duration::from_millis(1_160));
        assert_eq!(beat.round_trip().map(|usual| usual.mean.as_millis()), Some(90));
    }

    /// When a peer is given up whose answers took so many milliseconds each, and that is silent from then on.
    fn given_up_after(answers: [u64; 8]) -> u128 {
        let mut beat = beat();
        let mut at = t0();
        for answer in answers {
            let token = beat.ping(at);
            at += Duration::from_millis(answer);
            beat.pong(token, at);
            beat.tick(at);
            beat.heard();
        }
        loop {
            let now = beat.next_tick();
            if beat.tick(now) == Beat::Dead {
                return now.duration_since(at).as_millis();
            }
        }
    }

    #[test]
    fn a_peer_whose_answers_take_long_is_waited_for_longer_but_not_for_ever() {
        assert_eq!(given_up_after([1; 8]), 10_000);
        assert_eq!(given_up_after([2_000; 8]), 10_000, "that is explained already");
        assert_eq!(
            given_up_after([2_000, 7_000, 2_000, 7_000, 2_000, 7_000, 2_000, 7_000]),
            15_500
        );
        assert_eq!(given_up_after([9_000; 8]), 12_500);
        assert_eq!(given_up_after([60_000; 8]), 20_000);
    }
}
