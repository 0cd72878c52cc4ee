//! That a nick is one user's in a whole network of servers.
//!
//! A nick is claimed before it is used: servers that reach each other do not give it twice. Where they could not reach each other, the earlier claim
//! stays when they can again, and whoever loses is given another nick.

use std::sync::Arc;

use actor_core::Attached;
use actor_core::prelude::*;
use actor_net::names::{Claim, NameLost};

use super::{Connection, ConnectionMsg, Stage};
use crate::protocol::line::Line;
use crate::protocol::name::{self, NICK_BYTES_MAX};
use crate::user::profile::Profile;
use crate::user::request::{DirectoryMsg, Taken};

/// So many other nicks are tried for one who has lost its own.
const TRIES: u64 = 50;

/// A nick that is held.
pub(super) struct Hold {
    claim: Claim,
    listening: Option<Attached>,
}

impl Hold {
    /// Has the connection told when the nick is lost.
    pub(super) fn listen(&mut self, ctx: &mut Context<ConnectionMsg>) {
        if self.listening.is_none() {
            let lost = self.claim.lost();
            self.listening = Some(ctx.attach(async move { ConnectionMsg::NickLost(lost.await) }));
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.cancel();
        }
    }
}

impl Connection {
    /// Has all servers know that the nick is this user's. On one server alone there is nothing to be known.
    pub(super) async fn claim(&self, nick: &str) -> Result<Option<Hold>, Taken> {
        let (Some(nicks), Some(me)) = (&self.doors.nicks, &self.me) else {
            return Ok(None);
        };
        let claim = nicks.claim(&name::fold(nick), me).await.map_err(|_| Taken)?;
        Ok(Some(Hold { claim, listening: None }))
    }

    /// Takes another nick, and tells all who see this user.
    pub(super) async fn rename(&mut self, nick: String) -> Result<(), Taken> {
        if nick == self.profile.nick {
            return Ok(());
        }
        let is_respelled = name::same(&nick, &self.profile.nick);
        let hold = if is_respelled { None } else { self.claim(&nick).await? };
        let news = self.news(Line::from(&self.profile.source(), "NICK").param(&nick));
        let profile = Arc::new(Profile {
            nick,
            ..(*self.profile).clone()
        });
        let (id, claimed) = (self.guest.id, profile.clone());
        let renamed = self.doors.directory.ask(|reply| DirectoryMsg::Rename {
            id,
            profile: claimed,
            reply,
        });
        let rooms = renamed.await.unwrap_or(Err(Taken))?;
        self.profile = profile.clone();
        self.outbox.respond(&news);
        self.tell_rooms(rooms, Some(profile), Some(news)).await;
        if !is_respelled {
            self.hold = hold;
        }
        Ok(())
    }

    /// Somebody had the nick before: this user gets another one.
    pub(super) async fn nick_lost(&mut self, lost: &NameLost, ctx: &mut Context<ConnectionMsg>) {
        if !matches!(self.stage, Stage::Registered) || name::fold(&self.profile.nick) != *lost.name {
            return;
        }
        let old = self.profile.nick.clone();
        for attempt in 0..TRIES {
            let suffix = format!("_{}", self.guest.id as u64 + attempt);
            let nick = format!("{}{suffix}", name::cut(&old, NICK_BYTES_MAX - suffix.len()));
            if self.rename(nick).await.is_ok() {
                let text = format!(
                    "Nick collision: {old} was taken first at {}, while that could not be seen from here. You are {} now.",
                    lost.to.name, self.profile.nick
                );
                let notice = Line::from(self.site.name(), "NOTICE").param(self.nick());
                self.reply(notice.trailing(&text));
                if let Some(hold) = &mut self.hold {
                    hold.listen(ctx);
                }
                return;
            }
        }
        self.leave("Nick collision").await;
    }
}
