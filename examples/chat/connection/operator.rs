//! The commands of server operators: OPER, KILL, WALLOPS.

use std::sync::Arc;

use actor_core::prelude::*;

use super::{Connection, ConnectionMsg, OPER_FAILURES_MAX};
use crate::clock;
use crate::protocol::delivery::Delivery;
use crate::protocol::line::Line;
use crate::protocol::message::Message;
use crate::protocol::name;
use crate::protocol::numeric::*;
use crate::user::examiner::Claim;
use crate::user::profile::Profile;
use crate::user::request::{DirectoryMsg, Order};

impl Connection {
    /// Has the password compared, which may take its time. The client's next command waits for that.
    pub(super) fn oper(&mut self, message: &Message<'_>, ctx: &mut Context<ConnectionMsg>) {
        let (Some(wanted), Some(password)) = (message.param(0), message.param(1)) else {
            return self.need_more("OPER");
        };
        let (name, password) = (wanted.to_owned(), password.to_owned());
        let examiner = self.doors.examiner.clone();
        self.checking_oper = true;
        ctx.attach(async move {
            let right = examiner.ask(|reply| Claim { name, password, reply }).no_timeout().await;
            ConnectionMsg::OperChecked(right.unwrap_or(false))
        });
    }

    pub(super) async fn oper_checked(&mut self, right: bool) {
        if self.is_leaving() {
            return;
        }
        if !right {
            self.oper_failures += 1;
            self.reply(self.numeric(ERR_PASSWDMISMATCH).trailing("Password incorrect"));
            if self.oper_failures >= OPER_FAILURES_MAX {
                self.leave("Too many wrong passwords").await;
            }
            return;
        }
        self.reply(self.numeric(RPL_YOUREOPER).trailing("You are now an IRC operator"));
        if !self.profile.operator {
            self.show_user_modes(&[(true, 'o')]);
            self.change_profile(
                Profile {
                    operator: true,
                    ..(*self.profile).clone()
                },
                None,
            )
            .await;
        }
    }

    fn privileged(&self) -> bool {
        if !self.profile.operator {
            self.reply(
                self.numeric(ERR_NOPRIVILEGES)
                    .trailing("Permission Denied- You're not an IRC operator"),
            );
        }
        self.profile.operator
    }

    pub(super) async fn kill(&mut self, message: &Message<'_>) {
        if !self.privileged() {
            return;
        }
        let Some(nick) = message.param(0) else {
            return self.need_more("KILL");
        };
        let reason = name::cut(
            message.param(1).unwrap_or("No reason given"),
            self.site.config.limits.text_bytes_max,
        );
        let reason = format!("Killed ({} ({reason}))", self.nick());
        if name::same(nick, self.nick()) {
            return self.leave(&reason).await;
        }
        let Some(found) = self.find(nick).await else {
            return self.no_such_nick(nick);
        };
        let told = found.connection.try_tell(Order::Disconnect { reason });
        if told.is_err() && self.is_mine(&found.user.profile) {
            // Too busy to listen: the directory will tell its rooms.
            drop(found.connection.stop());
        }
    }

    pub(super) async fn wallops(&mut self, message: &Message<'_>) {
        if !self.privileged() {
            return;
        }
        let Some(text) = message.param(0) else {
            return self.need_more("WALLOPS");
        };
        let line = Line::from(&self.profile.source(), "WALLOPS").trailing(text);
        let delivery = Arc::new(Delivery::new(line, clock::unix_ms()));
        let _ = self
            .doors
            .directory
            .ask(|reply| DirectoryMsg::Wallops {
                delivery,
                everywhere: true,
                reply,
            })
            .await;
    }
}
