//! Every setting of membership: its meaning, unit, default, bound and effect.

use std::time::Duration;

use super::policy::Policy;
use crate::config::{TIME_MAX, Unusable};

/// For how long an end can be remembered: a year.
const MEMORY_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

/// How members find out about each other. The same for all nodes of a cluster. No time is longer than a day, but for `remember_gone`.
///
/// With the defaults a crash is known to all members within 5 s, on networks where an answer takes up to 400 ms.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterConfig {
    /// How often a member asks those that it watches for a sign of life. Default 400 ms.
    pub watch_interval: Duration,
    /// How many members each watches, and is watched by. Default 3. More find a crash sooner when several come at once, and cost packets.
    pub watched: usize,
    /// After how long without a sign of life a watched member is suspected. Default 1.3 s; at least three times `watch_interval`, so
    /// that one lost packet means nothing. Longer than usual pauses, such as those of a garbage collector or a busy machine.
    pub silence_max: Duration,
    /// How long one that is suspected has to show that it is there. Default 2 s; at least three times `witness_wait`.
    pub verdict_after: Duration,
    /// How many others must have tried in vain before a member is found down. Default 2. In a cluster of three there is one other.
    pub witnesses: usize,
    /// How long a witness waits for an answer. Default 600 ms.
    pub witness_wait: Duration,
    /// How often a random member is probed, too. Default 2 s.
    pub probe_interval: Duration,
    /// How often news are passed on to three random members, while there are any. Default 200 ms.
    pub gossip_interval: Duration,
    /// How late a timer may be before the node takes itself for one that was away. Default 250 ms.
    pub late: Duration,
    /// How often those that were lost are asked whether they are back. Default 1 s, at first, and three times as long later on.
    pub regain_interval: Duration,
    /// For how long one that leaves says so before it goes. Default 800 ms: as long as all others need to hear it.
    pub leave_notice: Duration,
    /// For how long it is remembered that a stay has ended. Default 24 h; a year at most. One that was frozen for longer would come back as if nothing had
    /// happened, where no newer stay of it is known.
    pub remember_gone: Duration,
    /// How many members, with those that are remembered, there may be. Default 4,096. Beyond it nobody is let in.
    pub members_max: usize,
    /// What becomes of the smaller side of a cluster that has come apart.
    pub policy: Policy,
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self {
            watch_interval: Duration::from_millis(400),
            watched: 3,
            silence_max: Duration::from_millis(1_300),
            verdict_after: Duration::from_secs(2),
            witnesses: 2,
            witness_wait: Duration::from_millis(600),
            probe_interval: Duration::from_secs(2),
            gossip_interval: Duration::from_millis(200),
            late: Duration::from_millis(250),
            regain_interval: Duration::from_secs(1),
            leave_notice: Duration::from_millis(800),
            remember_gone: Duration::from_secs(24 * 3600),
            members_max: 4_096,
            policy: Policy::default(),
        }
    }
}

impl ClusterConfig {
    /// Says whether the settings go together.
    ///
    /// # Errors
    /// [`Unusable`] names the first that does not, and why.
    pub fn check(&self) -> Result<(), Unusable> {
        let ten_ms = Duration::from_millis(10);
        let is_some_time = |time: Duration| (ten_ms..=TIME_MAX).contains(&time);
        let rules = [
            (is_some_time(self.watch_interval), "watch_interval", "10 ms to a day"),
            ((1..=16).contains(&self.watched), "watched", "1 to 16"),
            (
                self.silence_max >= self.watch_interval.saturating_mul(3) && is_some_time(self.silence_max),
                "silence_max",
                "three times watch_interval, or more, and a day at most",
            ),
            (is_some_time(self.witness_wait), "witness_wait", "10 ms to a day"),
            (
                self.verdict_after >= self.witness_wait.saturating_mul(3) && is_some_time(self.verdict_after),
                "verdict_after",
                "three times witness_wait, or more, and a day at most",
            ),
            ((1..=16).contains(&self.witnesses), "witnesses", "1 to 16"),
            (is_some_time(self.probe_interval), "probe_interval", "10 ms to a day"),
            (is_some_time(self.gossip_interval), "gossip_interval", "10 ms to a day"),
            (is_some_time(self.late), "late", "10 ms to a day"),
            (is_some_time(self.regain_interval), "regain_interval", "10 ms to a day"),
            (self.leave_notice <= TIME_MAX, "leave_notice", "a day at most"),
            (
                self.remember_gone >= self.verdict_after.saturating_mul(10) && self.remember_gone <= MEMORY_MAX,
                "remember_gone",
                "ten times verdict_after, or more, and a year at most",
            ),
            (self.members_max >= 2, "members_max", "2 or more"),
            (
                self.policy.stable_after() <= TIME_MAX,
                "policy",
                "one that waits for a day at most",
            ),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            Some((_, setting, wanted)) => Err(Unusable { setting, wanted }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_go_together_and_a_bad_one_is_named() {
        assert_eq!(ClusterConfig::default().check(), Ok(()));
        let config = ClusterConfig {
            silence_max: Duration::from_millis(500),
            ..ClusterConfig::default()
        };
        assert_eq!(config.check().expect_err("too short").setting, "silence_max");
        let config = ClusterConfig {
            remember_gone: Duration::MAX,
            ..ClusterConfig::default()
        };
        assert_eq!(config.check().expect_err("beyond the clock").setting, "remember_gone");
    }
}
