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
    /// The children that are restarted with `failed`, itself among them, in the order of their start: that of
    /// `children`.
    pub(crate) fn touched<K: Copy + PartialEq>(self, children: &[K], failed: K) -> Vec<K> {
        match self {
            Strategy::OneForOne => vec![failed],
            Strategy::OneForAll => children.to_vec(),
            Strategy::RestForOne => children.iter().copied().skip_while(|&child| child != failed).collect(),
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
        assert_eq!(Strategy::OneForOne.touched(&children, 'b'), ['b']);
        assert_eq!(Strategy::OneForAll.touched(&children, 'b'), children);
        assert_eq!(Strategy::RestForOne.touched(&children, 'b'), ['b', 'c', 'd']);
        assert_eq!(Strategy::RestForOne.touched(&children, 'd'), ['d']);
    }

    #[test]
    fn a_strategy_is_shown_in_words() {
        let all = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne];
        let words = all.map(|strategy| strategy.to_string());
        assert_eq!(words, ["one for one", "one for all", "rest for one"]);
    }
}
