//! Whom the failure of one child touches.

use std::fmt;

/// Which children are restarted when one of them is.
///
/// Source: supervision strategies in Erlang/OTP's `supervisor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Only the one that failed.
    #[default]
    OneForOne,
    /// All of them: they are stopped in the reverse order of their start, and started again in that order.
    OneForAll,
    /// The one that failed, with those that were started after it.
    RestForOne,
}

impl Strategy {
    /// The children that are restarted with those that `failed`, and these among them, in the order of their start: that of
    /// `children`. Each is looked at once, as all of many may have failed together.
    pub(crate) fn touched<K: Copy>(self, children: &[K], failed: impl Fn(K) -> bool) -> Vec<K> {
        let children = children.iter().copied();
        match self {
            Strategy::OneForOne => children.filter(|&child| failed(child)).collect(),
            Strategy::OneForAll => children.collect(),
            Strategy::RestForOne => children.skip_while(|&child| !failed(child)).collect(),
        }
    }

    /// Whether a child can be restarted without a look at the others.
    pub(crate) fn is_single(self) -> bool {
        self == Strategy::OneForOne
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Strategy::OneForOne => "one for one",
            Strategy::OneForAll => "one for all",
            Strategy::RestForOne => "rest for one",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_strategy_touches_whom_otp_says() {
        let children = ['a', 'b', 'c', 'd'];
        let touched = |strategy: Strategy, failed: &str| {
            let touched = strategy.touched(&children, |child| failed.contains(child));
            touched.into_iter().collect::<String>()
        };
        assert_eq!(touched(Strategy::OneForOne, "b"), "b");
        assert_eq!(touched(Strategy::OneForAll, "b"), "abcd");
        assert_eq!(touched(Strategy::RestForOne, "b"), "bcd");
        assert_eq!(touched(Strategy::RestForOne, "d"), "d");
        assert_eq!(touched(Strategy::RestForOne, "dc"), "cd");
    }

    #[test]
    fn a_strategy_is_shown_in_words() {
        let all = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne];
        let words = all.map(|strategy| strategy.to_string());
        assert_eq!(words, ["one for one", "one for all", "rest for one"]);
    }
}
