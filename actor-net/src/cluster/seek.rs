//! Looks for others where members may be, for as long as the membership lasts.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::Shared;
use super::discovery::Discovery;
use super::driver::Input;
use super::sought::{Refused, Sought, Turn};
use crate::membership::MemberState;
use crate::remote::driver::meet;
use crate::remote::net::Net;

/// How often others are looked for until one was found, and from then on.
const SEEK_FIRST: Duration = Duration::from_secs(1);
const SEEK_LATER: Duration = Duration::from_secs(5);

/// So many addresses are tried at a time.
const TRIED_MAX: usize = 8;

/// Looks for others, first of all at the beginning, and later for the sake of a cluster that began in several places.
pub(super) struct Seeker {
    pub(super) net: Arc<Net>,
    pub(super) shared: Arc<Shared>,
    pub(super) sources: Vec<Box<dyn Discovery>>,
    pub(super) inputs: mpsc::Sender<Input>,
}

impl Seeker {
    pub(super) async fn run(self) {
        let mut sought = Sought::default();
        while !self.inputs.is_closed() {
            self.ask_sources(&mut sought).await;
            self.seek(&mut sought).await;
            let is_alone = self.shared.view().members.len() == 1;
            sleep(if is_alone { SEEK_FIRST } else { SEEK_LATER }).await;
        }
    }

    async fn ask_sources(&self, sought: &mut Sought) {
        for (number, source) in self.sources.iter().enumerate() {
            match source.addresses().await {
                Ok(addresses) => {
                    if let Some(before) = sought.said(number, addresses) {
                        tracing::warn!(before, "where members may be is known again");
                    }
                }
                Err(why) => {
                    if let Some(meanwhile) = sought.failed(number, &why) {
                        tracing::warn!(%why, meanwhile, "cannot find out where members may be; tries again every few seconds");
                    }
                }
            }
        }
    }

    async fn seek(&self, sought: &mut Sought) {
        let own = &self.net.id;
        let members = self.shared.view().members.clone();
        let open = sought.open(&members);
        let first = (self.net.chance() * open.len() as f64) as usize;
        for address in open.iter().cycle().skip(first).take(open.len().min(TRIED_MAX)) {
            let called = self.net.met_itself();
            match meet(&self.net, address).await {
                Ok(id) => {
                    sought.met(address, &id.name);
                    let _ = self.inputs.send(Input::Met(id, address.clone())).await;
                }
                Err(why) => match sought.refused(address, why, &own.name, self.net.met_itself() > called) {
                    Refused::Itself => {}
                    Refused::ForGood(why) => {
                        tracing::warn!(address, %why, "a node where members may be is none for this one")
                    }
                    Refused::ForNow(why) => tracing::debug!(address, %why, "no member there"),
                },
            }
        }
        let own_address = members
            .binary_search_by(|member| member.id.cmp(own))
            .ok()
            .map(|at| &*members[at].address);
        let is_joining = *self.shared.state.borrow() == MemberState::Joining;
        match sought.turn(&own.name, own_address, self.sources.len(), is_joining) {
            Turn::Joined | Turn::Vain { told: None } => {}
            Turn::First => drop(self.inputs.send(Input::Nobody).await),
            Turn::Vain { told: Some(why) } => tracing::warn!(
                ?why,
                "no other member is reached; goes on looking, and is no member until then"
            ),
        }
    }
}
