//! Wildcard masks: `*` stands for any text, `?` for one character.

/// Whether `text` matches `mask`, without regard to ASCII case. Linear in `text` for each star, no recursion and no
/// allocation: a mask comes from a client, and is held against every user.
pub fn matches(mask: &str, text: &str) -> bool {
    let (mut mask, mut text) = (mask.chars(), text.chars());
    // What stands behind the last star, and what of the text it has not taken yet.
    let mut star = None;
    loop {
        let (mut behind, mut rest) = (mask.clone(), text.clone());
        match (behind.next(), rest.next()) {
            (Some('*'), _) => {
                star = Some((behind.clone(), text.clone()));
                mask = behind;
            }
            (None, None) => return true,
            (Some(wanted), Some(char)) if wanted == '?' || wanted.eq_ignore_ascii_case(&char) => {
                (mask, text) = (behind, rest);
            }
            (Some(_), None) => return false,
            (_, Some(_)) => match &mut star {
                Some((behind, untaken)) => {
                    // The star takes one more.
                    untaken.next();
                    (mask, text) = (behind.clone(), untaken.clone());
                }
                None => return false,
            },
        }
    }
}

/// Whether a parameter is a mask rather than a name.
pub fn is_mask(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Completes what a person writes for a ban to `nick!user@host`.
pub fn complete(mask: &str) -> String {
    let or_any = |part: &str| {
        if part.is_empty() {
            "*".to_owned()
        } else {
            part.to_owned()
        }
    };
    let (left, host) = match mask.split_once('@') {
        Some((left, host)) => (left, or_any(host)),
        None => (mask, "*".to_owned()),
    };
    match left.split_once('!') {
        Some((nick, user)) => format!("{}!{}@{host}", or_any(nick), or_any(user)),
        None if mask.contains('@') => format!("*!{}@{host}", or_any(left)),
        None if left.contains('.') || left.contains(':') => format!("*!*@{left}"),
        None => format!("{}!*@{host}", or_any(left)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_what_they_should() {
        for (mask, text) in [
            ("*", ""),
            ("a*c", "abbbc"),
            ("a*c", "ac"),
            ("?b", "ab"),
            ("BAR!*@*", "bar!u@h"),
            ("*an1", "#chan1"),
            ("a**?", "aé"),
            ("*ab*b", "aabab"),
            ("", ""),
        ] {
            assert!(matches(mask, text), "{mask} {text}");
        }
        for (mask, text) in [
            ("?", ""),
            ("a*c", "ab"),
            ("a", "ab"),
            ("", "a"),
            ("*a*b", "bbba"),
            ("a", ""),
            ("ab", "a"),
        ] {
            assert!(!matches(mask, text), "{mask} {text}");
        }
    }

    #[test]
    fn a_hostile_mask_costs_no_exponential_time() {
        assert!(!matches(&"*a".repeat(200), &"b".repeat(400)));
    }

    #[test]
    fn short_bans_are_completed() {
        assert_eq!(complete("bob"), "bob!*@*");
        assert_eq!(complete("u@h"), "*!u@h");
        assert_eq!(complete("a!b"), "a!b@*");
        assert_eq!(complete("a!b@c"), "a!b@c");
        assert_eq!(complete("127.0.0.1"), "*!*@127.0.0.1");
        assert_eq!(complete("@"), "*!*@*");
    }
}
