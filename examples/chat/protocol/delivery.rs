//! One line for many: written once, dressed once for each kind of receiver, shared by all.

use std::sync::OnceLock;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::calendar;
use super::caps::Caps;
use super::line::Line;

/// A line with its time, its id and the sender's client-only tags; each receiver gets the tags that it asked for.
///
/// There are four ways to dress a line (with or without a time; with or without message tags). Each is written when the
/// first receiver needs it; the others share its bytes.
#[derive(Debug)]
pub struct Delivery {
    body: Bytes,
    unix_ms: u64,
    id: Option<String>,
    client_tags: Option<String>,
    needs: Caps,
    dressed: [OnceLock<Bytes>; 4],
}

/// A delivery as it goes to another server, where it is dressed for those who receive it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    body: String,
    unix_ms: u64,
    id: Option<String>,
    client_tags: Option<String>,
    needs: u32,
}

impl From<&Delivery> for Packet {
    fn from(delivery: &Delivery) -> Self {
        Self {
            body: String::from_utf8_lossy(&delivery.body).into_owned(),
            unix_ms: delivery.unix_ms,
            id: delivery.id.clone(),
            client_tags: delivery.client_tags.clone(),
            needs: delivery.needs.0,
        }
    }
}

impl From<Packet> for Delivery {
    fn from(packet: Packet) -> Self {
        Self {
            body: Bytes::from(packet.body),
            unix_ms: packet.unix_ms,
            id: packet.id,
            client_tags: packet.client_tags,
            needs: Caps(packet.needs),
            dressed: Default::default(),
        }
    }
}

impl Delivery {
    /// A line that happened at `unix_ms`.
    pub fn new(line: Line, unix_ms: u64) -> Self {
        Self {
            body: Bytes::from(line.finish()),
            unix_ms,
            id: None,
            client_tags: None,
            needs: Caps::default(),
            dressed: Default::default(),
        }
    }

    /// With an id and the sender's tags, as messages of people have them.
    #[must_use]
    pub fn identified(mut self, id: String, client_tags: Option<String>) -> Self {
        self.id = Some(id);
        self.client_tags = client_tags;
        self
    }

    /// Only for receivers with all of `caps`; the others do not know the command.
    #[must_use]
    pub fn needing(mut self, caps: Caps) -> Self {
        self.needs = caps;
        self
    }

    /// The bytes for a receiver with `caps`, or `None` if the line is not for it.
    pub fn bytes_for(&self, caps: Caps) -> Option<Bytes> {
        if !caps.has(self.needs) {
            return None;
        }
        let kind = usize::from(caps.has(Caps::SERVER_TIME)) | usize::from(caps.has(Caps::MESSAGE_TAGS)) << 1;
        Some(
            self.dressed[kind]
                .get_or_init(|| tagged(&self.tags_for(caps), &self.body))
                .clone(),
        )
    }

    /// The tags for a receiver with `caps`, without `@`; empty if there are none.
    pub fn tags_for(&self, caps: Caps) -> String {
        let mut tags = String::new();
        if caps.has(Caps::SERVER_TIME) {
            push_tag(&mut tags, &format!("time={}", calendar::server_time(self.unix_ms)));
        }
        if caps.has(Caps::MESSAGE_TAGS) {
            if let Some(id) = &self.id {
                push_tag(&mut tags, &format!("msgid={id}"));
            }
            if let Some(client_tags) = &self.client_tags {
                push_tag(&mut tags, client_tags);
            }
        }
        tags
    }

    /// The line without tags, with CR LF.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What a receiver must have negotiated.
    pub fn needs(&self) -> Caps {
        self.needs
    }
}

/// Appends one tag.
pub fn push_tag(tags: &mut String, tag: &str) {
    if !tags.is_empty() {
        tags.push(';');
    }
    tags.push_str(tag);
}

/// `@tags body`, or the body alone.
pub fn tagged(tags: &str, body: &Bytes) -> Bytes {
    if tags.is_empty() {
        return body.clone();
    }
    let mut bytes = Vec::with_capacity(tags.len() + 2 + body.len());
    bytes.push(b'@');
    bytes.extend_from_slice(tags.as_bytes());
    bytes.push(b' ');
    bytes.extend_from_slice(body);
    Bytes::from(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery() -> Delivery {
        Delivery::new(Line::from("a!b@c", "PRIVMSG").param("#c").trailing("hi"), 0)
            .identified("7".to_owned(), Some("+x=y".to_owned()))
    }

    #[test]
    fn each_receiver_gets_the_tags_that_it_asked_for() {
        let delivery = delivery();
        let text = |caps| String::from_utf8(delivery.bytes_for(caps).unwrap().to_vec()).unwrap();
        assert_eq!(text(Caps::default()), ":a!b@c PRIVMSG #c :hi\r\n");
        assert_eq!(
            text(Caps::SERVER_TIME),
            "@time=1970-01-01T00:00:00.000Z :a!b@c PRIVMSG #c :hi\r\n"
        );
        assert_eq!(text(Caps::MESSAGE_TAGS), "@msgid=7;+x=y :a!b@c PRIVMSG #c :hi\r\n");
    }

    #[test]
    fn receivers_of_one_kind_share_the_bytes() {
        let delivery = delivery();
        let (one, two) = (
            delivery.bytes_for(Caps::SERVER_TIME).unwrap(),
            delivery.bytes_for(Caps::SERVER_TIME).unwrap(),
        );
        assert_eq!(one.as_ptr(), two.as_ptr());
    }

    #[test]
    fn a_line_that_a_receiver_would_not_understand_is_not_for_it() {
        let delivery = delivery().needing(Caps::MESSAGE_TAGS);
        assert!(delivery.bytes_for(Caps::SERVER_TIME).is_none());
    }
}
