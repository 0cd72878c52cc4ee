//! Every setting of the network: its meaning, unit, default, bound and effect.

use std::fmt;
use std::time::Duration;

/// How a node talks to others. Each bound on what a peer may cost is here; all hold for one connection unless they say otherwise.
///
/// ```
/// use actor_net::NetConfig;
///
/// let config = NetConfig { message_bytes_max: 1 << 20, ..NetConfig::default() };
/// assert!(config.check().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NetConfig {
    /// How long a handshake may take, from the first byte to the last. Default 5 s; a day at most. Half a handshake is held no longer.
    pub handshake_timeout: Duration,
    /// How long making a connection may take, before the handshake. Default 5 s; a day at most.
    pub dial_timeout: Duration,
    /// How long the peer may be silent before it is asked for a sign of life. Default 1 s; less than a third of
    /// `heartbeat_timeout`. Any byte is a sign of life, so a busy connection is pinged
    /// only once in ten times that, to know how long an answer takes.
    pub heartbeat_interval: Duration,
    /// How long the peer may be silent before the connection counts as lost. Default 10 s; a day at most. Longer forgives longer pauses (a machine
    /// that was frozen, a network that was re-routed), and lets watchers of a dead node wait longer. Where answers were usually slower than
    /// that explains it is longer by itself, up to twice as long: the mean and four deviations of the round trip (Jacobson and Karels,
    /// RFC 6298).
    pub heartbeat_timeout: Duration,
    /// The first wait before another try to connect; doubled at each failure, with jitter. Default 100 ms.
    pub reconnect_min: Duration,
    /// The longest wait between two tries. Default 10 s; a day at most.
    pub reconnect_max: Duration,
    /// How long a connection that nobody needs is kept: no handle, call or watch across it. Default 5 min; `Duration::MAX` is for ever.
    pub idle_timeout: Duration,
    /// The largest piece that is written at once, in bytes. Default 48 KiB; 1 KiB to 1 MiB. A larger message goes in
    /// pieces, between which small ones pass; smaller pieces let them pass sooner and cost more headers, larger ones find
    /// less of what they are copied from in a cache.
    pub chunk_bytes: usize,
    /// The largest message, encoded, in bytes. Default 16 MiB. A larger one is refused where it is sent; a peer that
    /// sends one all the same is cut off.
    pub message_bytes_max: usize,
    /// From how many bytes on messages are compressed, by LZ4, where the peer can read that. Default none: nothing is. It saves the network at the
    /// expense of both sides' time. Where secrets and what others chose stand in one message, its length then tells something of them.
    pub compress_bytes_min: Option<usize>,
    /// How many messages in pieces the peer may have under way at a time. Default 32; at least 4, as many as a node of this build has.
    /// Each may hold `message_bytes_max`, all together `reassembly_bytes_max`.
    pub streams_max: usize,
    /// How many bytes of unfinished messages are held. Default 64 MiB; at least four times `message_bytes_max`, or a peer that sends
    /// as many large messages as it may would be cut off.
    pub reassembly_bytes_max: usize,
    /// How many bytes may wait to be written. Default 4 MiB. Beyond it `tell` waits and `try_tell` refuses. Answers cannot wait: while they exceed it, no
    /// further question of the peer is carried out, and up to four times as much of what the peer says is kept.
    pub outbox_bytes_max: usize,
    /// How many bytes the peer may have under way to one of our actors, which it has not taken yet; its last message may exceed them.
    /// Default 2 MiB. It is what keeps one slow actor from holding up the others of its connection. A window that holds only one of the
    /// largest messages which are usual has the sender of the next one wait for an answer from the peer.
    pub window_bytes: u32,
    /// How many questions of the peer may be unanswered. Default 65,536. Beyond it the peer is cut off, and our own
    /// questions are refused where they are asked.
    pub calls_max: usize,
    /// How many watches, and how many endings, the peer may wait for. Default 1,048,576 each: every handle
    /// that is held across the connection is watched.
    pub watches_max: usize,
    /// How many look-ups and spawns of the peer may be unanswered. Default 1,024.
    pub requests_max: usize,
    /// How many of our actors the peer may hold handles of. Default 1,048,576. Beyond it no further handle can be sent to it.
    pub exports_max: usize,
    /// How many other nodes are known by name. Default 4,096. Beyond it those are forgotten that are not connected and that no
    /// handle leads to; while there are none of these, further nodes are refused as `Busy`.
    pub peers_max: usize,
    /// How deep values of a message may contain one another. Default 64; see `actor_wire::Limits`.
    pub depth_max: usize,
    /// How many connections, over all peers, may be in their handshake. Default 256. Beyond it new ones are closed at once.
    pub handshakes_max: usize,
    /// How many of those may be from one address, or from one /64 of IPv6. Default 64, which lets many nodes behind one address come at
    /// once, as a handshake takes no longer than a few round trips; never more than half of `handshakes_max`. Beyond it new ones from there are
    /// closed at once, and dial again.
    pub handshakes_each_max: usize,
}

impl Default for NetConfig {
    fn default() -> Self {
        Self {
            handshake_timeout: Duration::from_secs(5),
            dial_timeout: Duration::from_secs(5),
            heartbeat_interval: Duration::from_secs(1),
            heartbeat_timeout: Duration::from_secs(10),
            reconnect_min: Duration::from_millis(100),
            reconnect_max: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(300),
            chunk_bytes: 48 << 10,
            message_bytes_max: 16 << 20,
            compress_bytes_min: None,
            streams_max: 32,
            reassembly_bytes_max: 64 << 20,
            outbox_bytes_max: 4 << 20,
            window_bytes: 2 << 20,
            calls_max: 65_536,
            watches_max: 1 << 20,
            requests_max: 1_024,
            exports_max: 1 << 20,
            peers_max: 4_096,
            depth_max: 64,
            handshakes_max: 256,
            handshakes_each_max: 64,
        }
    }
}

/// So many large frames are sent at a time. It is part of the protocol: a peer takes at least as many.
pub(crate) const STREAMS: usize = 4;

/// A longer time is one that was meant to be none, and what is added to it would be beyond what the clock can say.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(24 * 3600);

/// What a frame has around the message in it, at most.
const FRAME_OVERHEAD_BYTES_MAX: usize = 8 << 10;

impl NetConfig {
    /// How long making a connection may take, with its handshake.
    pub(crate) fn connect_timeout(&self) -> Duration {
        self.dial_timeout + self.handshake_timeout
    }

    /// The longest frame that a peer may send in one piece. Each connection holds a buffer of that size, a busy one of four times as much.
    pub(crate) fn frame_bytes_max(&self) -> usize {
        self.chunk_bytes + FRAME_OVERHEAD_BYTES_MAX
    }

    /// The longest that it may send in several: a message with what goes around it.
    pub(crate) fn whole_bytes_max(&self) -> usize {
        self.message_bytes_max + FRAME_OVERHEAD_BYTES_MAX
    }

    /// How many bytes of unfinished frames are held.
    pub(crate) fn unfinished_bytes_max(&self) -> usize {
        self.reassembly_bytes_max
            .saturating_add(STREAMS * FRAME_OVERHEAD_BYTES_MAX)
    }

    /// Says whether the settings go together.
    ///
    /// # Errors
    /// [`Unusable`] names the first that does not, and why.
    pub fn check(&self) -> Result<(), Unusable> {
        let is_some_time = |time: Duration| !time.is_zero() && time <= TIME_MAX;
        let rules = [
            (
                (1 << 10..=1 << 20).contains(&self.chunk_bytes),
                "chunk_bytes",
                "1 KiB to 1 MiB",
            ),
            (
                (1..=1 << 30).contains(&self.message_bytes_max),
                "message_bytes_max",
                "1 byte to 1 GiB",
            ),
            (
                self.reassembly_bytes_max >= self.message_bytes_max.saturating_mul(STREAMS),
                "reassembly_bytes_max",
                "at least four times message_bytes_max",
            ),
            (
                is_some_time(self.heartbeat_timeout),
                "heartbeat_timeout",
                "longer than nothing, and a day at most",
            ),
            (
                self.heartbeat_interval.saturating_mul(3) < self.heartbeat_timeout,
                "heartbeat_interval",
                "less than a third of heartbeat_timeout",
            ),
            (
                self.heartbeat_interval >= Duration::from_millis(10),
                "heartbeat_interval",
                "10 ms or more",
            ),
            (
                is_some_time(self.handshake_timeout),
                "handshake_timeout",
                "longer than nothing, and a day at most",
            ),
            (
                is_some_time(self.dial_timeout),
                "dial_timeout",
                "longer than nothing, and a day at most",
            ),
            (
                is_some_time(self.reconnect_max),
                "reconnect_max",
                "longer than nothing, and a day at most",
            ),
            (
                !self.reconnect_min.is_zero() && self.reconnect_min <= self.reconnect_max,
                "reconnect_min",
                "longer than nothing, and no longer than reconnect_max",
            ),
            (self.outbox_bytes_max > 0, "outbox_bytes_max", "1 or more"),
            (self.window_bytes > 0, "window_bytes", "1 or more"),
            (self.streams_max >= STREAMS, "streams_max", "4 or more"),
            (self.calls_max > 0, "calls_max", "1 or more"),
            (self.watches_max > 0, "watches_max", "1 or more"),
            (self.requests_max > 0, "requests_max", "1 or more"),
            (self.exports_max > 0, "exports_max", "1 or more"),
            (self.peers_max > 0, "peers_max", "1 or more"),
            (self.handshakes_max > 0, "handshakes_max", "1 or more"),
            (self.handshakes_each_max > 0, "handshakes_each_max", "1 or more"),
            ((1..=256).contains(&self.depth_max), "depth_max", "1 to 256"),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            Some((_, setting, wanted)) => Err(Unusable { setting, wanted }),
            None => Ok(()),
        }
    }
}

/// A setting that does not go with the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// Its name.
    pub setting: &'static str,
    /// What it has to be.
    pub wanted: &'static str,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the setting {} has to be {}", self.setting, self.wanted)
    }
}

impl std::error::Error for Unusable {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_go_together() {
        assert_eq!(NetConfig::default().check(), Ok(()));
    }

    #[test]
    fn a_setting_that_cannot_work_is_named() {
        let named = |change: fn(&mut NetConfig)| {
            let mut config = NetConfig::default();
            change(&mut config);
            config.check().unwrap_err().setting
        };
        let slow = |config: &mut NetConfig| config.heartbeat_interval = Duration::from_secs(4);
        assert_eq!(named(slow), "heartbeat_interval");
        assert_eq!(
            named(|config| config.heartbeat_interval = Duration::MAX),
            "heartbeat_interval"
        );
        assert_eq!(
            named(|config| config.heartbeat_timeout = Duration::MAX),
            "heartbeat_timeout"
        );
        assert_eq!(
            named(|config| config.handshake_timeout = Duration::MAX),
            "handshake_timeout"
        );
        assert_eq!(named(|config| config.dial_timeout = Duration::MAX), "dial_timeout");
        assert_eq!(named(|config| config.reconnect_max = Duration::MAX), "reconnect_max");
        assert_eq!(
            named(|config| config.message_bytes_max = usize::MAX),
            "message_bytes_max"
        );
    }
}
