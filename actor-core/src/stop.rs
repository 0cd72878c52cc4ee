//! Stopping children: asked first, killed when their time is up, left behind when even that does not end them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::cell::{AnyCell, Core, Stoppable, Subtree};
use crate::exit::ExitReason;
use crate::home::Home;
use crate::monitor::Monitor;
use crate::signal::Orders;

/// How long a child may take to stop, unless its specification says otherwise. One that has children itself may take
/// as long as they do. (As OTP has it.)
pub const SHUTDOWN_DEFAULT: Duration = Duration::from_secs(5);

/// How long a killed actor may take to come to its next await before it is declared stuck.
pub const KILL_GRACE: Duration = Duration::from_secs(1);

/// Stops children one after the other, in the reverse order of their start; or all at once, where they are many of one
/// kind.
pub(crate) async fn stop_children(children: &dyn Subtree, home: &Home) {
    children.close();
    let all = children.children();
    if children.stop_together() {
        join_all(all.into_iter().map(|child| stop_one(children, child, home))).await;
        return;
    }
    for child in all.into_iter().rev() {
        stop_one(children, child, home).await;
    }
}

/// Stops one child, in its own shutdown time.
pub(crate) async fn stop_one(siblings: &dyn Subtree, child: Stoppable, home: &Home) {
    let cell = child.cell;
    let mut ended = Monitor::of(cell.clone());
    cell.order(Orders::SHUTDOWN);
    if !ends_in_time(cell.core(), child.shutdown, &mut ended).await {
        home.note_killed(&cell.core().path, cell.core().id);
        cell.order(Orders::KILL);
        bury_if_stuck(siblings, &cell, &mut ended, home).await;
    }
}

/// Waits for `ended` for as long as the actor may take. One that is stopping its own children may take as long as they
/// do, unless its specification says otherwise. (As OTP has it.)
pub(crate) async fn ends_in_time(core: &Core, shutdown: Option<Duration>, mut ended: impl Future + Unpin) -> bool {
    while timeout(shutdown.unwrap_or(SHUTDOWN_DEFAULT), &mut ended).await.is_err() {
        if shutdown.is_some() || !core.is_winding_up() {
            return false;
        }
    }
    true
}

/// Kills children all at once, for an owner that was killed itself.
pub(crate) async fn kill_children(children: &dyn Subtree, home: &Home) {
    children.close();
    let doomed = children.children();
    let orders = Orders::KILL.with(Orders::SHUTDOWN);
    doomed.iter().for_each(|child| child.cell.order(orders));
    for child in doomed.into_iter().rev() {
        let mut ended = Monitor::of(child.cell.clone());
        bury_if_stuck(children, &child.cell, &mut ended, home).await;
    }
}

/// Waits for the end of a killed actor. If its run loop does not answer, its own children are stopped from here, and it
/// is cut off.
async fn bury_if_stuck(siblings: &dyn Subtree, cell: &Arc<dyn AnyCell>, ended: &mut Monitor, home: &Home) {
    let core: &Core = cell.core();
    while timeout(KILL_GRACE, &mut *ended).await.is_err() {
        // One that is stopping its own children answers, and their number bounds how long it takes.
        if core.is_winding_up() {
            continue;
        }
        home.note_stuck(&core.path, core.id);
        if let Some(children) = core.children() {
            Box::pin(kill_children(&*children, home)).await;
        }
        siblings.forget(core.id);
        cell.abandon(ExitReason::Stuck);
        return;
    }
}
