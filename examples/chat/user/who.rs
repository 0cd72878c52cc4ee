//! One line of the answer to WHO.

use crate::channel::request::Origin;
use crate::outbox::Outbox;
use crate::protocol::line::Line;
use crate::protocol::numeric::*;
use crate::site::Site;
use crate::user::profile::Profile;

/// What `asker` is told of `profile`, seen in a channel with that sign or outside of any; as WHOX if it named `fields`.
pub fn line(
    site: &Site,
    asker: &Origin,
    profile: &Profile,
    outbox: Option<&Outbox>,
    seat: Option<(&str, &str)>,
    fields: Option<&str>,
) -> Line {
    let (channel, sign) = seat.unwrap_or(("*", ""));
    let flags = format!("{}{sign}", profile.who_flags());
    // Each server of a network speaks with each.
    let hops = u64::from(*profile.server != *site.name());
    let Some(fields) = fields else {
        return site
            .numeric(RPL_WHOREPLY, &asker.profile.nick)
            .param(channel)
            .param(&profile.user)
            .param(&profile.host)
            .param(&profile.server)
            .param(&profile.nick)
            .param(&flags)
            .trailing(&format!("{hops} {}", profile.realname));
    };
    let (fields, token) = fields.split_once(',').unwrap_or((fields, "0"));
    // Of users of other servers it is not known here, and servers of IRC have always said so.
    let idle_s = outbox.map_or(0, Outbox::silent_s);
    let mut line = site.numeric(RPL_WHOSPCRPL, &asker.profile.nick);
    // The order of the answer is fixed, whatever the order of the question.
    for field in "tcuihsnfdlaor".chars().filter(|field| fields.contains(*field)) {
        line = match field {
            't' => line.param(token),
            'c' => line.param(channel),
            'u' => line.param(&profile.user),
            'i' | 'h' => line.param(&profile.host),
            's' => line.param(&profile.server),
            'n' => line.param(&profile.nick),
            'f' => line.param(&flags),
            'd' => line.number(hops),
            'l' => line.number(idle_s),
            'o' => line.param("n/a"),
            'r' => line.trailing(&profile.realname),
            _ => line.param("0"),
        };
    }
    line
}
