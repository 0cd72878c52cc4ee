//! What two nodes say to each other, frame by frame.
//!
//! A frame is a length, a kind and the fields of that kind, one after the other ([`frame`] has the picture):
//!
//! ```text
//!  number    u8, u16, u32, u64 or u128, little-endian
//!  bytes     u16 length | so many bytes
//!  text      bytes, in UTF-8, at most 1,024 of them
//!  rest      everything up to the end of the frame
//!  deadline  u32 of milliseconds that are left, from when the frame was written; 0xffff_ffff: none
//!  reason    u8 end | u8 count, 8 at most | count × ( text path | u8 kind | text words )
//!  handle    text owner | u64 incarnation | u128 export | text path
//! ```
//!
//! For example a `Tell` of three bytes to the export 1:
//!
//! ```text
//!  14 00 00 00 | 20 | 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 | 61 62 63
//!  length = 20   Tell  to                                               body
//! ```
//!
//! # Handshake
//!
//! Nothing but these frames is read before it is done, and none of them may be longer than 2,048 bytes.
//!
//! ```text
//!   dialler                                        listener
//!      | Hello { who I am, what I speak, nonce }       |
//!      |---------------------------------------------->|
//!      |    Challenge { version, who I am, …, nonce }  |
//!      |<----------------------------------------------|
//!      | Proof { mac }                                 |
//!      |---------------------------------------------->|   now it knows the dialler, and judges
//!      |                             Welcome { mac }   |   whether to take this connection
//!      |<----------------------------------------------|
//!      |              (or, at any step, by either)     |
//!      | Refused { code, words }                       |
//! ```
//!
//! With a shared secret a mac is HMAC-SHA256 under it, over these parts, each with its length as a `u64` before it: the text
//! `actor-net`, the text `dialler` or `listener`, the frame `Hello`, the frame `Challenge` (kind and fields of each). The nonces in
//! those two make it good for this one handshake; the role keeps it from being sent back to its maker. With certificates, and without any
//! authentication, a mac is 32 zeroes: the transport has proved who is there, or nobody has.
//!
//! # Conversation
//!
//! ```text
//!   asker                          owner of the actor
//!      | Ask { to, call, deadline, body }  |
//!      |---------------------------------->|  handled
//!      |            Answer { call, body }  |
//!      |<----------------------------------|      or Unanswered { call, code, words }
//!
//!   watcher                        owner of the actor
//!      | Watch { watch, to }               |
//!      |---------------------------------->|
//!      |   Tell …                          |
//!      |<----------------------------------|  number n of the data frames in this direction
//!      |   Down { after: n, watch, reason }|
//!      |<----------------------------------|  exactly once; not heard of before frame n was handed on
//! ```
//!
//! ```text
//!   node of the one who links      owner of the actor
//!      | Link { link, to, from, path }     |
//!      |---------------------------------->|   allowed, as an order is
//!      |                   LinkBroken { … }|   one of the two lives ends, or it is not allowed:
//!      |<--------------------------------->|   exactly one of these, by the node of the one that ended
//!      | Unlink { link }                   |
//!      |---------------------------------->|   or it is taken away, and neither hears of the other's end
//! ```
//!
//! A link is of two lives, and breaks with the first that ends; it has not ended by that which ended it: each node decides what that means to its own actor.
//!
//! ```text
//!   one side                       the other
//!      | Unneeded { round }                |
//!      |---------------------------------->|   if it needs the connection, it says nothing to that
//!      |                 Neither { round } |
//!      |<----------------------------------|   it sends nothing more: who needs the connection there waits
//!      | Goodbye { Idle }                  |
//!      |---------------------------------->|   or anything but upkeep, if it was needed after all: both go on
//! ```
//!
//! So nothing is under way in either direction when a connection is closed that nobody needs. Upkeep are `Ping`, `Pong`, `Credit`,
//! `Unneeded`, `Neither` and `Members`.
//!
//! `Tell`, `Ask` and `Answer` are *data*. They are numbered for each direction, from 1, in the order in which they are complete on the wire; the
//! number is not sent. A `Packed` or a `Traced` counts as what is in it. A frame that says `after` counts only when the data frames up to that number were handed on.
//! All other frames may pass data that waits; among themselves they keep their order, and so do data frames to one receiver.
//!
//! A frame longer than a chunk goes as `Chunk`s of one stream, whose bytes in a row are its kind and fields; between them other frames pass. It
//! is complete with its last chunk.
//!
//! A sender may have so many bytes of messages (`Tell` and `Ask`) under way to one export as the other's handshake gave as `window_bytes`. A message
//! counts as its body and 32 bytes more, and a `Traced` for both its headers with their lengths, too; one that is larger than the window may go when nothing else is under way. `Credit` gives bytes back as
//! the actor takes its messages.

use std::fmt;

use super::codes::{Goodbye, NotFound, Refusal, Unanswered};
use super::field::{Field, HandleRef, ProtocolError as Error, Reader, Reason, Rest};
use super::frame;
use crate::id::{ExportId, Incarnation};

pub use super::field::ProtocolError;

/// The newest version of the protocol that this build speaks.
pub const VERSION: u16 = 1;

/// The oldest one.
pub const VERSION_MIN: u16 = 1;

/// What a `Hello` begins with, so that another protocol is told from an old version of this one.
pub const MAGIC: u32 = u32::from_le_bytes(*b"ACTR");

/// The feature of a node that reads [`Packed`](Frame::Packed) messages.
pub const PACKED: u64 = 1;

/// The feature of a node that reads [`Members`](Frame::Members): it may take no part in a membership, and drops them then.
pub const MEMBERS: u64 = 2;

/// The feature of a node that takes [packets of the membership](Frame::Members) as datagrams, too.
pub const DATAGRAMS: u64 = 4;

/// The feature of a node that reads [`Traced`](Frame::Traced) messages.
pub const TRACED: u64 = 8;

/// What a message counts for in budgets and windows, beside its body: an empty one is not free.
pub const MESSAGE_OVERHEAD_BYTES: usize = 32;

/// Where the `after` of a frame that has one lies: behind its length and kind.
pub const AFTER_AT: usize = frame::LENGTH_BYTES + 1;

macro_rules! frames {
    ($($(#[$doc:meta])* $kind:literal $name:ident { $($(#[$of:meta])* $field:ident: $type:ty,)* })*) => {
        /// One frame, borrowed from the bytes that it was read from.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Frame<'a> {
            $($(#[$doc])* $name { $($(#[$of])* $field: $type,)* },)*
        }

        impl<'a> Frame<'a> {
            /// Reads a frame: its kind and fields, and nothing else.
            ///
            /// # Errors
            /// [`ProtocolError`] says what is wrong with it. The connection has to be closed.
            pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
                let (kind, rest) = bytes.split_first().ok_or(Error::Short("a frame"))?;
                match kind {
                    $($kind => {
                        let mut from = Reader { rest, frame: stringify!($name) };
                        let frame = Frame::$name { $($field: Field::read(&mut from)?,)* };
                        match from.rest {
                            [] => Ok(frame),
                            _ => Err(Error::Long(from.frame)),
                        }
                    })*
                    other => Err(Error::UnknownKind(*other)),
                }
            }

            /// Appends its kind and fields.
            pub(crate) fn encode_fields(&self, out: &mut Vec<u8>) {
                match self {
                    $(Frame::$name { $($field,)* } => {
                        out.push($kind);
                        $($field.write(out);)*
                    })*
                }
            }

            /// What it is called.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Frame::$name { .. } => stringify!($name),)*
                }
            }
        }
    };
}

frames! {
    /// The dialler presents itself.
    0x01 Hello {
        /// [`MAGIC`].
        magic: u32,
        /// The oldest version that it speaks.
        version_min: u16,
        /// The newest one.
        version_max: u16,
        /// Who it is, and how it talks.
        card: Card<'a>,
    }
    /// The listener presents itself in turn.
    0x02 Challenge {
        /// The version that is spoken from now on: the newest that both know.
        version: u16,
        /// Who it is, and how it talks.
        card: Card<'a>,
    }
    /// The dialler proves who it is.
    0x03 Proof {
        /// See above.
        mac: [u8; 32],
    }
    /// The listener proves who it is. The handshake is done.
    0x04 Welcome {
        /// See above.
        mac: [u8; 32],
    }
    /// There will be no conversation. The connection is closed behind it.
    0x05 Refused {
        /// Why.
        code: Refusal,
        /// In words, for a person's log.
        words: &'a str,
    }

    /// Are you there?
    0x10 Ping {
        /// To come back in the `Pong`.
        token: u64,
    }
    /// I am here.
    0x11 Pong {
        /// From the `Ping`.
        token: u64,
    }
    /// The actor has taken messages that counted for so many bytes.
    0x12 Credit {
        /// The export that they were for.
        to: ExportId,
        /// Their bodies, and 32 bytes for each of them.
        bytes: u32,
    }
    /// The conversation ends. The connection is closed behind it.
    0x13 Goodbye {
        /// Why.
        code: Goodbye,
        /// In words, for a person's log.
        words: &'a str,
    }

    /// I need this connection no longer. Whatever the sender says next, but upkeep, takes it back.
    0x14 Unneeded {
        /// Counts these.
        round: u64,
    }
    /// Neither do I: I say nothing more, but upkeep, before you close the connection or go on.
    0x15 Neither {
        /// From the `Unneeded`.
        round: u64,
    }

    /// A packet of the membership, which may be dropped at any time. Where both have the feature [`MEMBERS`].
    0x16 Members {
        /// See [`membership`](crate::membership).
        packet: Rest<'a>,
    }

    /// A message. Data.
    0x20 Tell {
        /// The actor.
        to: ExportId,
        /// The message, encoded.
        body: Rest<'a>,
    }
    /// A message that holds a question. Data.
    0x21 Ask {
        /// The actor.
        to: ExportId,
        /// The asker's number for it, not in use by another.
        call: u64,
        /// How long the asker still waits.
        deadline_millis: Option<u32>,
        /// The message, encoded.
        body: Rest<'a>,
    }
    /// The answer to a question. Data.
    0x22 Answer {
        /// The question.
        call: u64,
        /// The answer, encoded.
        body: Rest<'a>,
    }
    /// The asker waits no longer. It follows its `Ask`.
    0x23 Cancel {
        /// The question.
        call: u64,
    }
    /// There will be no answer.
    0x24 Unanswered {
        /// The question.
        call: u64,
        /// Why.
        code: Unanswered,
        /// In words.
        words: &'a str,
    }

    /// A `Tell` or an `Ask`, with the trace that it is part of: two headers of W3C Trace Context. Data. Where both have the feature [`TRACED`].
    0x25 Traced {
        /// The `traceparent`. If it is none, the message has no trace.
        parent: &'a [u8],
        /// The `tracestate`; empty if there is none. What is longer than 512 bytes counts as none.
        state: &'a [u8],
        /// The kind and fields of the message.
        message: Rest<'a>,
    }

    /// Tell me when the actor ends. One `Down` answers it, at once if there is no such actor.
    0x30 Watch {
        /// The watcher's number for it, not in use by another.
        watch: u64,
        /// The actor.
        to: ExportId,
    }
    /// Do not tell me any more. A `Down` that is under way is dropped by who receives it.
    0x31 Unwatch {
        /// The watch.
        watch: u64,
    }
    /// The actor has ended.
    0x32 Down {
        /// The last data frame that goes before it.
        after: u64,
        /// The watch.
        watch: u64,
        /// How it ended.
        reason: Reason<'a>,
    }
    /// An order to the actor, where its side allows that.
    0x33 Order {
        /// The last data frame that goes before it; 0 for one that waits for nothing.
        after: u64,
        /// The actor.
        to: ExportId,
        /// One of [`codes::order`](super::codes::order).
        order: u8,
        /// The number by which `Ended` answers, not in use by another.
        ending: u64,
    }
    /// The actor has ended, as was ordered.
    0x34 Ended {
        /// The last data frame that goes before it.
        after: u64,
        /// From the `Order`.
        ending: u64,
        /// How it ended.
        reason: Reason<'a>,
    }

    /// An actor of mine shares its fate with this one, where its side allows orders. One `LinkBroken` ends it, at once if
    /// there is no such actor or it is not allowed.
    0x35 Link {
        /// The linker's number for it, not in use by another link of its node.
        link: u64,
        /// The actor.
        to: ExportId,
        /// The one that links itself: what its handles are sent as, now or later, in this conversation. Nothing reaches it by this alone.
        from: ExportId,
        /// Its path, for people.
        path: &'a str,
    }
    /// The one who linked takes the link away. A `LinkBroken` that is under way is dropped by who receives it.
    0x36 Unlink {
        /// The link.
        link: u64,
    }
    /// The life at the sender's end has ended.
    0x37 LinkBroken {
        /// The last data frame that goes before it.
        after: u64,
        /// The link.
        link: u64,
        /// Whether the sender's actor is the one that had linked itself.
        own: bool,
        /// How the life ended, or that there can be no such link.
        reason: Reason<'a>,
    }

    /// Who has this name?
    0x40 Lookup {
        /// The number by which it is answered, not in use by another.
        request: u64,
        /// The name that it was exposed by.
        name: &'a str,
        /// The name of the protocol that is expected.
        protocol: &'a str,
        /// The version of it.
        version: u32,
        /// The fingerprint of the message type; 0 for none.
        fingerprint: u64,
        /// The id of the codec in which messages will be sent.
        codec: u8,
    }
    /// It was found, or started.
    0x41 Found {
        /// From the `Lookup` or `Spawn`.
        request: u64,
        /// The actor.
        handle: HandleRef<'a>,
    }
    /// It was not.
    0x42 NotFound {
        /// From the `Lookup` or `Spawn`.
        request: u64,
        /// Why.
        code: NotFound,
        /// In words.
        words: &'a str,
    }
    /// Start an actor of a kind that was registered for it. `Found` or `NotFound` answers.
    0x43 Spawn {
        /// The number by which it is answered, not in use by another.
        request: u64,
        /// The name of the kind.
        kind: &'a str,
        /// The name of the protocol that is expected.
        protocol: &'a str,
        /// The version of it.
        version: u32,
        /// The fingerprint of the message type; 0 for none.
        fingerprint: u64,
        /// The id of the codec in which arguments and messages are sent.
        codec: u8,
        /// The arguments, encoded.
        args: Rest<'a>,
    }
    /// So many of the handles that were sent are held no longer. It follows what was sent to that actor.
    0x44 Release {
        /// The actor.
        export: ExportId,
        /// How often it had been sent.
        count: u32,
    }

    /// A `Tell`, an `Ask` or an `Answer`, as one block of LZ4. Where both have the feature [`PACKED`].
    0x51 Packed {
        /// How long its kind and fields are.
        bytes: u32,
        /// The block.
        block: Rest<'a>,
    }
    /// A piece of a frame that is longer than a chunk.
    0x50 Chunk {
        /// The frame that it is of, not in use by another.
        stream: u32,
        /// Whether it is the last piece.
        last: bool,
        /// The piece.
        piece: Rest<'a>,
    }
}

/// How a node presents itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its life.
    pub incarnation: Incarnation,
    /// The cluster that it belongs to.
    pub cluster: &'a str,
    /// What it can do that can be left out, a bit for each: [`PACKED`], [`MEMBERS`], [`DATAGRAMS`], [`TRACED`]. Both use what both can.
    pub features: u64,
    /// One of [`codes::method`](super::codes::method).
    pub method: u8,
    /// The longest frame that it takes, its length not counted.
    pub frame_bytes_max: u32,
    /// The longest message that it takes, in one frame or in chunks.
    pub message_bytes_max: u32,
    /// How many bytes of bodies may be under way to one of its actors.
    pub window_bytes: u32,
    /// The ids of its codecs, the preferred one first. The dialler's order decides.
    pub codecs: &'a [u8],
    /// 32 random bytes, for this handshake alone.
    pub nonce: [u8; 32],
}

impl<'a> Field<'a> for Card<'a> {
    fn read(from: &mut Reader<'a>) -> Result<Self, Error> {
        Ok(Self {
            name: Field::read(from)?,
            incarnation: Field::read(from)?,
            cluster: Field::read(from)?,
            features: Field::read(from)?,
            method: Field::read(from)?,
            frame_bytes_max: Field::read(from)?,
            message_bytes_max: Field::read(from)?,
            window_bytes: Field::read(from)?,
            codecs: Field::read(from)?,
            nonce: Field::read(from)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.name.write(out);
        self.incarnation.write(out);
        self.cluster.write(out);
        self.features.write(out);
        self.method.write(out);
        self.frame_bytes_max.write(out);
        self.message_bytes_max.write(out);
        self.window_bytes.write(out);
        self.codecs.write(out);
        self.nonce.write(out);
    }
}

macro_rules! codes {
    ($($code:ty)*) => {$(
        impl Field<'_> for $code {
            fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
                u8::read(from).map(Self::from)
            }

            fn write(&self, out: &mut Vec<u8>) {
                out.push(self.code());
            }
        }
    )*};
}

codes!(Refusal Unanswered NotFound Goodbye);

impl Frame<'_> {
    /// Those kinds that [`message`](super::message) writes and reads by itself.
    pub(super) const TELL: u8 = 0x20;
    pub(super) const ASK: u8 = 0x21;
    pub(super) const ANSWER: u8 = 0x22;
    pub(super) const TRACED: u8 = 0x25;
    pub(super) const CHUNK: u8 = 0x50;
    pub(super) const PACKED: u8 = 0x51;

    /// Appends the frame, with its length.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let begin = frame::open(out);
        self.encode_fields(out);
        frame::seal(out, begin);
    }

    /// Whether it is one of those that are numbered.
    pub fn is_data(&self) -> bool {
        matches!(
            self,
            Frame::Tell { .. } | Frame::Ask { .. } | Frame::Answer { .. } | Frame::Traced { .. }
        )
    }

    /// Whether it is for the sake of the connection alone, and no use of it.
    pub fn is_upkeep(&self) -> bool {
        matches!(
            self,
            Frame::Ping { .. }
                | Frame::Pong { .. }
                | Frame::Credit { .. }
                | Frame::Goodbye { .. }
                | Frame::Unneeded { .. }
                | Frame::Neither { .. }
                | Frame::Members { .. }
        )
    }

    /// Whether it settles what is owed already, and brings about nothing that would have to be written.
    pub(crate) fn is_owed(&self) -> bool {
        matches!(
            self,
            Frame::Answer { .. }
                | Frame::Unanswered { .. }
                | Frame::Pong { .. }
                | Frame::Credit { .. }
                | Frame::Members { .. }
        )
    }

    /// Whether it belongs to the handshake, and to nothing else.
    pub fn is_handshake(&self) -> bool {
        matches!(
            self,
            Frame::Hello { .. }
                | Frame::Challenge { .. }
                | Frame::Proof { .. }
                | Frame::Welcome { .. }
                | Frame::Refused { .. }
        )
    }
}

impl fmt::Display for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
