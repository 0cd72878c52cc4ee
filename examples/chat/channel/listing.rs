//! Which channels a LIST is about.

use crate::protocol::{mask, name};

/// One channel, as a list knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Glance {
    /// Its name.
    pub name: String,
    /// How many are inside.
    pub members: usize,
    /// The topic, or nothing.
    pub topic: String,
    /// When the topic was set, in seconds since the Unix epoch.
    pub topic_at_s: Option<u64>,
    /// When the channel came to be, likewise.
    pub created_s: u64,
}

/// The parameter of a LIST: names, masks, and the conditions of `ELIST=CMNTU`; all must hold but of the names one.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Filter {
    names: Vec<String>,
    conditions: Vec<Condition>,
}

#[derive(Debug, PartialEq, Eq)]
enum Condition {
    Matches(String),
    MatchesNot(String),
    MembersAbove(u64),
    MembersBelow(u64),
    CreatedBefore(u64),
    CreatedAfter(u64),
    TopicBefore(u64),
    TopicAfter(u64),
}

impl Filter {
    /// Reads the parameter; minutes are turned into points in time before `now_s`. What is no condition is a name.
    pub fn parse(text: &str, now_s: u64) -> Self {
        let mut filter = Self::default();
        for word in text.split(',').filter(|word| !word.is_empty()) {
            match Condition::parse(word, now_s) {
                Some(condition) => filter.conditions.push(condition),
                None => filter.names.push(word.to_owned()),
            }
        }
        filter
    }

    /// Whether a channel is meant.
    pub fn wants(&self, glance: &Glance) -> bool {
        (self.names.is_empty() || self.names.iter().any(|wanted| name::same(wanted, &glance.name)))
            && self.conditions.iter().all(|condition| condition.holds(glance))
    }
}

impl Condition {
    fn parse(word: &str, now_s: u64) -> Option<Self> {
        let number = |text: &str| text.parse::<u64>().ok();
        let ago = |text: &str| Some(now_s.saturating_sub(number(text)?.saturating_mul(60)));
        if let Some(count) = word.strip_prefix('>') {
            return Some(Self::MembersAbove(number(count)?));
        }
        if let Some(count) = word.strip_prefix('<') {
            return Some(Self::MembersBelow(number(count)?));
        }
        for (prefix, make) in [
            ("C>", Self::CreatedBefore as fn(u64) -> Self),
            ("C<", Self::CreatedAfter),
            ("T>", Self::TopicBefore),
            ("T<", Self::TopicAfter),
        ] {
            if let Some(minutes) = word.strip_prefix(prefix) {
                return Some(make(ago(minutes)?));
            }
        }
        if let Some(unwanted) = word.strip_prefix('!') {
            return Some(Self::MatchesNot(unwanted.to_owned()));
        }
        mask::is_mask(word).then(|| Self::Matches(word.to_owned()))
    }

    fn holds(&self, glance: &Glance) -> bool {
        let members = glance.members as u64;
        match self {
            Self::Matches(mask) => mask::matches(mask, &glance.name),
            Self::MatchesNot(mask) => !mask::matches(mask, &glance.name),
            Self::MembersAbove(count) => members > *count,
            Self::MembersBelow(count) => members < *count,
            Self::CreatedBefore(at_s) => glance.created_s <= *at_s,
            Self::CreatedAfter(at_s) => glance.created_s > *at_s,
            Self::TopicBefore(at_s) => glance.topic_at_s.is_some_and(|set_s| set_s <= *at_s),
            Self::TopicAfter(at_s) => glance.topic_at_s.is_some_and(|set_s| set_s > *at_s),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(filter: &str) -> Vec<&'static str> {
        let filter = Filter::parse(filter, 600);
        [("#chan1", 1, 500, None), ("#chan2", 2, 100, Some(400))]
            .into_iter()
            .filter(|(name, members, created_s, topic_at_s)| {
                let (name, members, created_s, topic_at_s) = ((*name).to_owned(), *members, *created_s, *topic_at_s);
                filter.wants(&Glance {
                    name,
                    members,
                    created_s,
                    topic_at_s,
                    ..Glance::default()
                })
            })
            .map(|(name, ..)| name)
            .collect()
    }

    #[test]
    fn names_masks_counts_and_times_choose() {
        assert_eq!(wanted(""), ["#chan1", "#chan2"]);
        assert_eq!(wanted("#CHAN1,#x"), ["#chan1"]);
        assert_eq!(wanted("*an2"), ["#chan2"]);
        assert_eq!(wanted("!*an2"), ["#chan1"]);
        assert_eq!(wanted(">1"), ["#chan2"]);
        assert_eq!(wanted("<2"), ["#chan1"]);
        assert_eq!(wanted("C<5"), ["#chan1"]);
        assert_eq!(wanted("C>5"), ["#chan2"]);
        assert_eq!(wanted("T>1"), ["#chan2"]);
        assert_eq!(wanted("T<1"), Vec::<&str>::new());
        assert_eq!(wanted(">0,*an*"), ["#chan1", "#chan2"]);
    }
}
