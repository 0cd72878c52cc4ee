//! One line to a client, built from left to right.

use serde::{Deserialize, Serialize};

use super::message::BODY_BYTES_MAX;
use super::numeric::Numeric;

/// Text of a line without tags and without CR LF, which never holds a line end and never grows past the limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line(String);

impl Line {
    /// `:source COMMAND`.
    pub fn from(source: &str, command: &str) -> Self {
        let mut text = String::with_capacity(source.len() + command.len() + 64);
        text.push(':');
        text.push_str(source);
        text.push(' ');
        text.push_str(command);
        Self(text)
    }

    /// `COMMAND` without a source, as only `ERROR` and the server's `PING` are sent.
    pub fn bare(command: &str) -> Self {
        Self(command.to_owned())
    }

    /// `:server 001 nick`.
    pub fn numeric(server: &str, numeric: Numeric, nick: &str) -> Self {
        let mut line = Self::from(server, "");
        let _ = std::fmt::Write::write_fmt(&mut line.0, format_args!("{:03}", numeric.0));
        line.param(nick)
    }

    /// A middle parameter. What cannot be one (empty, with a blank, with a colon in front) becomes `*`, for a line must
    /// not change its meaning by what is in it.
    #[must_use]
    pub fn param(mut self, param: &str) -> Self {
        let fits = !param.is_empty() && !param.starts_with(':') && !param.contains(' ');
        self.0.push(' ');
        self.0.push_str(if fits { param } else { "*" });
        self
    }

    /// A number as middle parameter.
    #[must_use]
    pub fn number(self, number: u64) -> Self {
        self.param(&number.to_string())
    }

    /// The last parameter, free text.
    #[must_use]
    pub fn trailing(mut self, text: &str) -> Self {
        self.0.push_str(" :");
        self.0.push_str(text);
        self
    }

    /// The text, cut at the protocol's limit between two characters, with CR LF behind.
    pub fn finish(mut self) -> String {
        if self.0.len() > BODY_BYTES_MAX {
            let mut end = BODY_BYTES_MAX;
            while !self.0.is_char_boundary(end) {
                end -= 1;
            }
            self.0.truncate(end);
        }
        self.0.push_str("\r\n");
        self.0
    }

    /// Bytes so far, to know whether a list has room for one more.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }
}

/// Packs `items` into as few last parameters as fit behind `head`, with `separator` between two. No item, no text.
pub fn packed<'a>(head_bytes: usize, separator: char, items: impl Iterator<Item = &'a str>) -> Vec<String> {
    let room = BODY_BYTES_MAX.saturating_sub(head_bytes + 2);
    let mut texts: Vec<String> = Vec::new();
    for item in items {
        match texts.last_mut() {
            Some(text) if text.len() + 1 + item.len() <= room => {
                text.push(separator);
                text.push_str(item);
            }
            _ => texts.push(item.to_owned()),
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_two_characters() {
        let text = Line::from("a", "PRIVMSG")
            .param("#c")
            .trailing(&"é".repeat(400))
            .finish();
        assert!(text.len() <= 512);
        assert!(text.ends_with("é\r\n"));
    }

    #[test]
    fn a_parameter_cannot_break_out_of_its_place() {
        assert_eq!(
            Line::bare("X").param("").param(":a").param("b c").param("d").finish(),
            "X * * * d\r\n"
        );
    }

    #[test]
    fn lists_are_packed_into_lines_that_fit() {
        let nicks: Vec<String> = (0..200).map(|n| format!("nick{n}")).collect();
        let texts = packed(40, ' ', nicks.iter().map(String::as_str));
        assert!(texts.len() > 2 && texts.iter().all(|text| text.len() + 42 <= BODY_BYTES_MAX));
        assert_eq!(texts.join(" ").split(' ').count(), 200);
        assert!(packed(40, ' ', std::iter::empty()).is_empty());
    }
}
