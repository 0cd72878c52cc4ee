//! What HELP says.

const INDEX: &[&str] = &[
    "Commands of this server; HELP <command> says more",
    "Talking: PRIVMSG NOTICE TAGMSG AWAY",
    "Channels: JOIN PART TOPIC NAMES LIST INVITE KICK MODE",
    "People: WHO WHOIS WHOWAS USERHOST ISON MONITOR",
    "Yourself: NICK SETNAME MODE QUIT",
    "Servers: MOTD LUSERS VERSION TIME INFO ADMIN LINKS MAP PING HELP",
    "Operators: OPER KILL WALLOPS",
    "Connecting: CAP PASS NICK USER",
];

const TOPICS: &[(&str, &[&str])] = &[
    ("HELP", INDEX),
    ("ADMIN", &["ADMIN [<server>]", "Who runs the server."]),
    (
        "AWAY",
        &["AWAY [:reason]", "Marks you as away; without a reason, as back."],
    ),
    (
        "CAP",
        &["CAP LS|LIST|REQ|END [:capabilities]", "Negotiates IRCv3 capabilities."],
    ),
    ("INFO", &["INFO [<server>]", "What the server is."]),
    (
        "INVITE",
        &[
            "INVITE <nick> <channel>",
            "Invites somebody to a channel that you are in.",
        ],
    ),
    ("ISON", &["ISON <nick>{ <nick>}", "Which of them are here."]),
    (
        "JOIN",
        &[
            "JOIN <channel>{,<channel>} [<key>{,<key>}]",
            "Enters channels; a new one is yours. JOIN 0 leaves all.",
        ],
    ),
    (
        "KICK",
        &[
            "KICK <channel> <nick>{,<nick>} [:reason]",
            "Throws members out of a channel that you operate.",
        ],
    ),
    (
        "KILL",
        &["KILL <nick> [:reason]", "Disconnects a user. For server operators."],
    ),
    ("LINKS", &["LINKS [<mask>]", "The servers of the network."]),
    (
        "LIST",
        &[
            "LIST [<name or mask or condition>{,...}]",
            "Lists channels. Conditions: >n <n (members), C>n C<n (minutes old), T>n T<n (topic).",
        ],
    ),
    ("LUSERS", &["LUSERS", "How many users and channels there are."]),
    (
        "MAP",
        &["MAP", "The servers of the network, with how many users each has."],
    ),
    (
        "MODE",
        &[
            "MODE <channel> [<modes> [<parameters>]] or MODE <your nick> [<modes>]",
            "Channels: o (operator) v (voice) b (ban) e (ban exception) I (invite exception) k (key) l (limit)",
            "m (moderated) n (no messages from outside) t (operators set the topic) i (invite only) s (secret)",
            "Users: i (invisible) w (receives WALLOPS) o (operator, can only be dropped)",
        ],
    ),
    (
        "MONITOR",
        &[
            "MONITOR + <nicks> | - <nicks> | C | L | S",
            "Tells you when somebody comes or goes.",
        ],
    ),
    ("MOTD", &["MOTD [<server>]", "The message of the day."]),
    ("NAMES", &["NAMES <channel>", "Who is in a channel."]),
    ("NICK", &["NICK <nick>", "Takes another name."]),
    (
        "NOTICE",
        &[
            "NOTICE <target>{,<target>} :<text>",
            "Like PRIVMSG, but never answered by programs.",
        ],
    ),
    ("OPER", &["OPER <name> <password>", "Makes you a server operator."]),
    ("PART", &["PART <channel>{,<channel>} [:reason]", "Leaves channels."]),
    (
        "PASS",
        &["PASS <password>", "The server's password, before NICK and USER."],
    ),
    ("PING", &["PING <token>", "Is answered by PONG with the same token."]),
    (
        "PRIVMSG",
        &[
            "PRIVMSG <target>{,<target>} :<text>",
            "Sends a message to users and channels; @#channel and +#channel reach members of that rank.",
        ],
    ),
    ("QUIT", &["QUIT [:reason]", "Disconnects."]),
    ("SETNAME", &["SETNAME :<real name>", "Changes your real name."]),
    (
        "TAGMSG",
        &[
            "TAGMSG <target>{,<target>}",
            "Sends nothing but client-only tags, for example that you are typing.",
        ],
    ),
    ("TIME", &["TIME [<server>]", "The server's time."]),
    (
        "TOPIC",
        &[
            "TOPIC <channel> [:topic]",
            "Shows the topic, or sets it; an empty one removes it.",
        ],
    ),
    (
        "USER",
        &["USER <user name> 0 * :<real name>", "Says who you are, once."],
    ),
    (
        "USERHOST",
        &["USERHOST <nick>{ <nick>}", "Addresses of up to five users."],
    ),
    (
        "VERSION",
        &[
            "VERSION [<server>]",
            "Which software the server is; of this one, its limits too.",
        ],
    ),
    (
        "WALLOPS",
        &["WALLOPS :<text>", "Tells all users with mode w. For server operators."],
    ),
    (
        "WHO",
        &[
            "WHO <channel, nick or mask> [o|%<fields>]",
            "Who is in a channel, or matches.",
        ],
    ),
    ("WHOIS", &["WHOIS <nick>", "All about a user."]),
    ("WHOWAS", &["WHOWAS <nick> [<count>]", "Who had that nick before."]),
];

/// The lines about one subject, in upper case; the first is its heading.
pub(super) fn on(subject: &str) -> Option<&'static [&'static str]> {
    TOPICS
        .iter()
        .find(|(topic, _)| *topic == subject)
        .map(|(_, lines)| *lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_commands_of_the_index_have_a_page() {
        for words in &INDEX[1..] {
            let (_, commands) = words.split_once(": ").unwrap();
            for command in commands.split(' ') {
                assert!(on(command).is_some_and(|lines| lines.len() >= 2), "{command}");
            }
        }
        assert!(on("NONSENSE").is_none());
    }
}
