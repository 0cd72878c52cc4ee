//! Random IRC lines: commands that exist, with parameters that fit, nearly fit, or do not fit at all.

use crate::chance::Chance;

const COMMANDS: &[&str] = &[
    "CAP LS 302",
    "CAP REQ",
    "CAP LIST",
    "CAP END",
    "NICK",
    "USER",
    "PASS",
    "PING",
    "PONG",
    "JOIN",
    "JOIN 0",
    "PART",
    "TOPIC",
    "NAMES",
    "LIST",
    "INVITE",
    "KICK",
    "MODE",
    "PRIVMSG",
    "NOTICE",
    "TAGMSG",
    "WHO",
    "WHOIS",
    "WHOWAS",
    "USERHOST",
    "ISON",
    "AWAY",
    "MOTD",
    "LUSERS",
    "VERSION",
    "TIME",
    "INFO",
    "ADMIN",
    "HELP",
    "OPER",
    "KILL",
    "WALLOPS",
    "SETNAME",
    "MONITOR +",
    "MONITOR -",
    "MONITOR L",
    "MONITOR C",
    "MONITOR S",
    "BATCH",
    "STATS",
    "LINKS",
    "REHASH",
    "SQUIT",
    "CONNECT",
    "ERROR",
    "AUTHENTICATE",
    "join",
    "PrivMsg",
];

const PARAMETERS: &[&str] = &[
    "#a",
    "#b",
    "#c",
    "#d",
    "#a,#b,#c",
    "#a,#a,#a,#a,#a,#a,#a,#a",
    "&local",
    "#",
    "0",
    "*",
    "@#a",
    "+#b",
    "stranger1",
    "stranger2",
    "STRANGER3",
    "stranger1,stranger2,#a",
    "nobody",
    "+o",
    "-o",
    "+b",
    "+b *!*@*",
    "+bbbbbbbb",
    "+e",
    "+I",
    "+k",
    "+k key",
    "-k",
    "+l",
    "+l 99999999999999999999",
    "+l -1",
    "+s",
    "+nt-nt+i-i",
    "+z",
    "b",
    "+",
    "-",
    "*!*@*",
    "a*b?c*!*@*",
    "***************************!*?*?*?*?*?*?*?*?*@*",
    "key",
    "x x x x x x x x x x x x x x x x x x",
    ":",
    ": ",
    ":hello there",
    ":\u{1}ACTION waves\u{1}",
    ":\u{1}PING 1\u{1}",
    ":grüße 🦀 \u{202e}backwards",
    ":message-tags server-time echo-message labeled-response batch",
    ":-multi-prefix",
    ":no-such-capability",
    "302",
    "localhost",
    "-",
    "1",
    "65536",
    "",
];

const TAGS: &[&str] = &[
    "@label=1 ",
    "@+typing=active ",
    "@+typing=;+a=b;c ",
    "@label=\\:\\s\\\\\\r\\n\\ ",
    "@ ",
    "@=;;=; ",
    "@time=never ",
    "@label=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ",
];

/// The lines by which a client takes a nick, so few of them that strangers meet.
pub(super) fn registration(chance: &mut Chance) -> Vec<u8> {
    let nick = chance.below(200);
    let mut lines = Vec::new();
    if chance.one_in(3) {
        lines.extend(b"CAP LS 302\r\nCAP REQ :message-tags batch echo-message labeled-response\r\nCAP END\r\n");
    }
    lines.extend(format!("NICK stranger{nick}\r\nUSER s 0 * :Stranger {nick}\r\n").bytes());
    lines
}

/// One line, its end included.
pub(super) fn command(chance: &mut Chance) -> Vec<u8> {
    let mut line = Vec::new();
    if chance.one_in(6) {
        line.extend(chance.pick(TAGS).bytes());
    }
    if chance.one_in(12) {
        line.extend(b":stranger1!s@host ");
    }
    // A third joins or speaks, or the rooms would stay empty.
    let verb = match chance.below(6) {
        0 => "JOIN",
        1 => "PRIVMSG",
        _ => chance.pick(COMMANDS),
    };
    line.extend(verb.bytes());
    for _ in 0..chance.below(5) {
        line.extend(b" ");
        match chance.below(24) {
            0 => {
                let len = chance.below(40);
                line.extend(chance.bytes(len));
            }
            1 => line.extend(std::iter::repeat_n(b'x', chance.below(9_000))),
            _ => line.extend(chance.pick(PARAMETERS).bytes()),
        }
    }
    line.extend(chance.pick(&["\r\n", "\r\n", "\r\n", "\n", "\r\r\n", "\n\n"]).bytes());
    line
}
