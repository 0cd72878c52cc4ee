//! One line from a client, parsed in place.

/// Bytes of the tag section that a client may send, its `@` and the blank behind it included.
pub const TAGS_BYTES_MAX: usize = 4096;
/// Bytes of a line behind its tags, without CR LF.
pub const BODY_BYTES_MAX: usize = 510;
/// Parameters of one message; what comes behind belongs to the last.
pub const PARAMS_MAX: usize = 15;
/// A longer label is not one (labeled-response).
const LABEL_BYTES_MAX: usize = 64;

/// A parsed line. A source that a client put before its command is skipped, for the server knows who it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The raw text between `@` and the blank, still escaped.
    pub tags: &'a str,
    /// In upper case.
    pub command: String,
    /// Middle and trailing parameters alike.
    pub params: Vec<&'a str>,
}

/// Why a line is no message.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Malformed {
    /// Nothing but tags, a source, blanks.
    NoCommand,
    /// Answered with 417.
    TooLong,
    /// NUL can be no part of a message.
    Nul,
}

impl<'a> Message<'a> {
    /// Parses `line`, which has no line end in it.
    ///
    /// # Errors
    /// [`Malformed`], with nothing to be salvaged but the tags by [`Message::label_of`].
    pub fn parse(line: &'a str) -> Result<Self, Malformed> {
        if line.contains('\0') {
            return Err(Malformed::Nul);
        }
        let (tags, body) = split_tags(line);
        if line.len() - body.len() > TAGS_BYTES_MAX || body.len() > BODY_BYTES_MAX {
            return Err(Malformed::TooLong);
        }
        let mut rest = body.trim_start_matches(' ');
        if let Some(sourced) = rest.strip_prefix(':') {
            rest = sourced
                .split_once(' ')
                .map_or("", |(_, rest)| rest)
                .trim_start_matches(' ');
        }
        let (command, mut rest) = rest.split_once(' ').unwrap_or((rest, ""));
        if command.is_empty() {
            return Err(Malformed::NoCommand);
        }
        let mut params = Vec::new();
        loop {
            rest = rest.trim_start_matches(' ');
            if let Some(trailing) = rest.strip_prefix(':') {
                params.push(trailing);
                break;
            }
            if rest.is_empty() {
                break;
            }
            if params.len() == PARAMS_MAX - 1 {
                params.push(rest);
                break;
            }
            let (param, behind) = rest.split_once(' ').unwrap_or((rest, ""));
            params.push(param);
            rest = behind;
        }
        Ok(Self {
            tags,
            command: command.to_ascii_uppercase(),
            params,
        })
    }

    /// A parameter that is there and not empty.
    pub fn param(&self, index: usize) -> Option<&'a str> {
        self.params.get(index).copied().filter(|param| !param.is_empty())
    }

    /// The client's label for the answer, as it came.
    pub fn label(&self) -> Option<&'a str> {
        label_in(self.tags)
    }

    /// The tags that are relayed: those whose key begins with `+`, as they came.
    pub fn client_tags(&self) -> Option<String> {
        let relayed: Vec<&str> = self.tags.split(';').filter(|tag| is_client_tag(tag)).collect();
        if relayed.is_empty() {
            None
        } else {
            Some(relayed.join(";"))
        }
    }

    /// The label of a line that may not parse.
    pub fn label_of(line: &'a str) -> Option<&'a str> {
        label_in(split_tags(line).0)
    }

    /// The command of a line that may not parse, for an error about it.
    pub fn command_of(line: &str) -> String {
        let body = split_tags(line).1.trim_start_matches(' ');
        let command: String = body
            .split(' ')
            .next()
            .unwrap_or("")
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        if command.is_empty() {
            "*".to_owned()
        } else {
            command.to_ascii_uppercase()
        }
    }
}

fn split_tags(line: &str) -> (&str, &str) {
    match line.strip_prefix('@') {
        Some(tagged) => tagged.split_once(' ').unwrap_or((tagged, "")),
        None => ("", line),
    }
}

fn label_in(tags: &str) -> Option<&str> {
    // Of a tag that is there twice, the last counts.
    let value = tags.rsplit(';').find_map(|tag| tag.strip_prefix("label="))?;
    (!value.is_empty() && value.len() <= LABEL_BYTES_MAX).then_some(value)
}

fn is_client_tag(tag: &str) -> bool {
    let key = tag.split_once('=').map_or(tag, |(key, _)| key);
    key.strip_prefix('+').is_some_and(|name| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/' | b'.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_source_command_and_parameters_come_apart() {
        let message = Message::parse("@label=a;+typing=active :me!u@h  privmsg  #c  :hello  there ").unwrap();
        assert_eq!(message.command, "PRIVMSG");
        assert_eq!(message.params, ["#c", "hello  there "]);
        assert_eq!(message.label(), Some("a"));
        assert_eq!(Message::label_of("@label=a;label=b PING x"), Some("b"));
        assert_eq!(message.client_tags().as_deref(), Some("+typing=active"));
    }

    #[test]
    fn an_empty_trailing_parameter_is_there_but_empty() {
        let message = Message::parse("TOPIC #c :").unwrap();
        assert_eq!(message.params, ["#c", ""]);
        assert_eq!(message.param(1), None);
    }

    #[test]
    fn the_fifteenth_parameter_takes_the_rest() {
        let line = format!("X {}", (0..20).map(|n| n.to_string()).collect::<Vec<_>>().join(" "));
        let message = Message::parse(&line).unwrap();
        assert_eq!(message.params.len(), 15);
        assert_eq!(message.params[14], "14 15 16 17 18 19");
    }

    #[test]
    fn lengths_are_counted_apart_for_tags_and_body() {
        let at_limit = format!("@+a={} TAGMSG #c", "x".repeat(TAGS_BYTES_MAX - 5));
        assert!(Message::parse(&at_limit).is_ok());
        let above = format!("@+a={} TAGMSG #c", "x".repeat(TAGS_BYTES_MAX - 4));
        assert_eq!(Message::parse(&above), Err(Malformed::TooLong));
        assert!(Message::parse(&format!("PING {}", "x".repeat(505))).is_ok());
        assert_eq!(
            Message::parse(&format!("PING {}", "x".repeat(506))),
            Err(Malformed::TooLong)
        );
    }

    #[test]
    fn noise_is_refused_and_never_panics() {
        for line in ["", " ", "@", "@a", "@a ", ":", ":x", ":x ", "@a :x"] {
            assert_eq!(Message::parse(line), Err(Malformed::NoCommand), "{line:?}");
        }
        assert_eq!(Message::parse("NICK a\0b"), Err(Malformed::Nul));
        assert_eq!(Message::command_of("@x é"), "*");
    }
}
