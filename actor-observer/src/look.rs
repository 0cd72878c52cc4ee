//! One look at a system, as the page is told of it.

use std::sync::Arc;
use std::time::Instant;

use actor_core::{Inspector, System};
use serde_json::{Value, json};

use crate::closely::CloseUps;
use crate::series::{Counts, Series};
use crate::view::{Actor, Happened, Kind, Sums};

/// So many actors stand in each list of the worst.
const WORST: usize = 20;

/// What is kept from one look to the next.
pub(crate) struct Looker {
    system: System,
    pub(crate) inspector: Inspector,
    pub(crate) closeups: CloseUps,
    began: Instant,
    series: Series,
    nodes: Option<Nodes>,
    #[cfg(feature = "metrics")]
    measured: crate::measured::Measured,
}

/// What shows the other nodes.
pub(crate) type Nodes = Arc<dyn Fn() -> Value + Send + Sync>;

impl Looker {
    pub(crate) fn new(system: &System, nodes: Option<Nodes>) -> Self {
        Self {
            system: system.clone(),
            inspector: system.inspector(),
            closeups: CloseUps::default(),
            began: Instant::now(),
            series: Series::default(),
            nodes,
            #[cfg(feature = "metrics")]
            measured: crate::measured::Measured::default(),
        }
    }

    /// What is measured, if it is.
    #[cfg(feature = "metrics")]
    fn measured(&mut self) -> Value {
        self.measured.look(&self.inspector)
    }

    #[cfg(not(feature = "metrics"))]
    fn measured(&mut self) -> Value {
        Value::Null
    }

    /// Looks at the whole system.
    pub(crate) fn look(&mut self) -> String {
        let overview = self.inspector.overview(WORST);
        let (dead, lives) = (self.system.dead_letters(), self.system.lives());
        let totals = &overview.totals;
        let at_ms = self.began.elapsed().as_millis() as u64;
        self.series.add(
            at_ms,
            Counts {
                messages: totals.messages,
                load: totals.load,
                finished: totals.finished,
                restarted: lives.restarted,
                dead: dead.total(),
            },
        );
        let measured = self.measured();
        let worst = &overview.worst;
        let paths =
            |paths: &[actor_core::ActorPath]| -> Vec<String> { paths.iter().map(ToString::to_string).collect() };
        json!({
            "system": self.system.name(),
            "at_ms": at_ms,
            "totals": Sums::new(totals),
            "point": self.series.last(),
            "kinds": overview.kinds.iter().map(Kind::new).collect::<Vec<_>>(),
            "worst": {
                "wait": Actor::all(&worst.by_wait),
                "mailbox": Actor::all(&worst.by_mailbox),
                "busy": Actor::all(&worst.by_busy),
                "restarts": Actor::all(&worst.by_restarts),
                "waiters": worst.by_waiters.iter().map(Actor::waited_for).collect::<Vec<_>>(),
            },
            "waits": overview.waits.iter().map(|(path, on)| json!({
                "path": path.to_string(),
                "on": paths(on),
            })).collect::<Vec<_>>(),
            "dead": dead.iter().map(|(reason, count)| json!({
                "reason": reason.to_string(),
                "count": count,
            })).collect::<Vec<_>>(),
            "nodes": self.nodes.as_ref().map(|look| look()),
            "measured": measured,
            "lives": {
                "started": lives.started,
                "restarted": lives.restarted,
                "fell": lives.fell,
                "ended": lives.ended,
            },
            "events": self.system.history().iter().rev().take(100).map(Happened::new).collect::<Vec<_>>(),
        })
        .to_string()
    }

    /// The same for a terminal.
    pub(crate) fn top(&mut self) -> String {
        let overview = self.inspector.overview(WORST);
        crate::top::text(self.system.name(), &overview, &self.system.dead_letters())
    }

    /// The figures of the last minutes, for one who begins to look.
    pub(crate) fn past(&self) -> Value {
        json!(self.series.points().collect::<Vec<_>>())
    }
}
