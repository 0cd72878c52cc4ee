//! What a server says of itself, to users of it and of the other servers of its network.

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::protocol::calendar;
use crate::protocol::line::Line;
use crate::protocol::numeric::*;
use crate::site::Site;

/// What is asked of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// The message of the day.
    Motd,
    /// Which software it is.
    Version,
    /// What its clock shows.
    Time,
    /// What it is, and since when.
    Info,
    /// Who runs it.
    Admin,
}

/// What `site` answers to the user of that nick.
pub fn answer(site: &Site, question: Question, nick: &str) -> Vec<Line> {
    let begin = |numeric| site.numeric(numeric, nick);
    match question {
        Question::Motd => motd(site, begin),
        Question::Version => {
            let line = begin(RPL_VERSION).param(Site::version()).param(site.name());
            vec![line.trailing("A chat server made of actors")]
        }
        Question::Time => {
            let now = calendar::human(clock::unix_ms());
            vec![begin(RPL_TIME).param(site.name()).trailing(&now)]
        }
        Question::Info => info(site, begin),
        Question::Admin => admin(site, begin),
    }
}

fn motd(site: &Site, begin: impl Fn(Numeric) -> Line) -> Vec<Line> {
    let Some(motd) = &site.motd else {
        return vec![begin(ERR_NOMOTD).trailing("MOTD File is missing")];
    };
    let head = format!("- {} Message of the day - ", site.name());
    let mut lines = vec![begin(RPL_MOTDSTART).trailing(&head)];
    lines.extend(motd.iter().map(|line| begin(RPL_MOTD).trailing(&format!("- {line}"))));
    lines.push(begin(RPL_ENDOFMOTD).trailing("End of /MOTD command"));
    lines
}

fn info(site: &Site, begin: impl Fn(Numeric) -> Line) -> Vec<Line> {
    let texts = [
        format!("{} on {}", Site::version(), site.name()),
        format!("Started {}", calendar::human(site.started_ms)),
        "Each connection, each channel and the directory of users is an actor of its own;".to_owned(),
        "one that fails is started again or let go, and the others never notice.".to_owned(),
    ];
    let mut lines: Vec<Line> = texts.iter().map(|text| begin(RPL_INFO).trailing(text)).collect();
    lines.push(begin(RPL_ENDOFINFO).trailing("End of INFO list"));
    lines
}

fn admin(site: &Site, begin: impl Fn(Numeric) -> Line) -> Vec<Line> {
    let contact = match site.config.admin.as_str() {
        "" => "No contact is given",
        contact => contact,
    };
    vec![
        begin(RPL_ADMINME).param(site.name()).trailing("Administrative info"),
        begin(RPL_ADMINLOC1).trailing(&site.config.network),
        begin(RPL_ADMINLOC2).trailing(site.name()),
        begin(RPL_ADMINEMAIL).trailing(contact),
    ]
}
