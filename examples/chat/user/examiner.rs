//! The actor that compares operators' passwords, one at a time.
//!
//! Comparing is made to cost time and memory. However many clients guess at once, it costs that of one.

use std::sync::Arc;

use actor_core::prelude::*;
use argon2::{Argon2, PasswordHash, PasswordVerifier};

use crate::site::Site;

/// Who says to be an operator.
pub struct Claim {
    /// The operator's name.
    pub name: String,
    /// What is given as the password.
    pub password: String,
    /// Whether it is right.
    pub reply: Reply<bool>,
}

/// Knows the operators from the settings.
#[derive(Debug)]
pub struct Examiner {
    site: Arc<Site>,
}

impl Examiner {
    /// For the operators of this server.
    pub fn new(site: Arc<Site>) -> Self {
        Self { site }
    }
}

impl Actor for Examiner {
    type Msg = Claim;

    async fn handle(&mut self, claim: Claim, ctx: &mut Context<Claim>) -> ActorResult {
        let operators = &self.site.config.operators;
        let Some(operator) = operators.iter().find(|operator| operator.name == claim.name) else {
            claim.reply.send(false);
            return Ok(());
        };
        let (hash, password) = (operator.hash.clone(), claim.password);
        let right = ctx.blocking(move || {
            PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        });
        claim.reply.send(right.await.unwrap_or(false));
        Ok(())
    }
}
