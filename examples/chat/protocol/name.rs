//! Names of users and channels: which are allowed, and which are the same.

/// Bytes of a nick name.
pub const NICK_BYTES_MAX: usize = 30;
/// Bytes of a user name; a longer one is cut.
pub const USER_BYTES_MAX: usize = 20;
/// Bytes of a channel name, its `#` included.
pub const CHANNEL_BYTES_MAX: usize = 64;
/// Bytes of a channel key.
pub const KEY_BYTES_MAX: usize = 32;

/// The form under which two spellings of a name are the same (`CASEMAPPING=ascii`).
pub fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Whether two spellings name the same.
pub fn same(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

/// Whether `name` may be a nick: ASCII letters, digits and ``[]\`_^{|}-``, not beginning with a digit or `-`.
pub fn is_nick(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"[]\\`_^{|}-".contains(&byte);
    let Some(first) = name.bytes().next() else { return false };
    name.len() <= NICK_BYTES_MAX && !first.is_ascii_digit() && first != b'-' && name.bytes().all(allowed)
}

/// Whether `name` may be a channel: `#` and then anything but blanks, commas and control characters.
pub fn is_channel(name: &str) -> bool {
    name.len() > 1
        && name.len() <= CHANNEL_BYTES_MAX
        && looks_like_channel(name)
        && !name.chars().any(|char| char == ' ' || char == ',' || char.is_control())
}

/// Whether a target means a channel, rightly named or not.
pub fn looks_like_channel(target: &str) -> bool {
    target.starts_with('#')
}

/// Whether `key` may lock a channel: a word that can be written in a JOIN.
pub fn is_key(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= KEY_BYTES_MAX
        && !key.starts_with(':')
        && key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

/// What of a USER's first parameter can stand in `nick!user@host`; `None` if nothing can.
pub fn user_name(wished: &str) -> Option<String> {
    let fits =
        |char: &char| !char.is_control() && !char.is_whitespace() && !matches!(char, '!' | '@' | ':' | '%' | '*' | '?');
    let name = cut(&wished.chars().filter(fits).collect::<String>(), USER_BYTES_MAX).to_owned();
    (!name.is_empty()).then_some(name)
}

/// The beginning of `text` that is no longer than `bytes_max` and ends between two characters.
pub fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicks_are_words_that_no_other_grammar_could_mistake() {
        for good in ["a", "[x]", "nick-1", "_", &"a".repeat(NICK_BYTES_MAX)] {
            assert!(is_nick(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "1a",
            "-a",
            "#a",
            "a b",
            "a!b",
            "a,b",
            "é",
            "a\0",
            &"a".repeat(NICK_BYTES_MAX + 1),
        ] {
            assert!(!is_nick(bad), "{bad}");
        }
    }

    #[test]
    fn channels_may_hold_any_script_but_no_separator() {
        assert!(is_channel("#rust") && is_channel("#дом") && is_channel("##"));
        for bad in [
            "#",
            "rust",
            "#a b",
            "#a,b",
            "#a\u{7}",
            "&local",
            &format!("#{}", "a".repeat(CHANNEL_BYTES_MAX)),
        ] {
            assert!(!is_channel(bad), "{bad}");
        }
    }

    #[test]
    fn user_names_lose_what_would_break_a_mask() {
        assert_eq!(user_name("a!b@c d").as_deref(), Some("abcd"));
        assert_eq!(user_name("!@"), None);
        assert_eq!(user_name(&"ü".repeat(30)).unwrap().len(), USER_BYTES_MAX);
    }
}
