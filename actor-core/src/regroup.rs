//! Restarts several children together: takes down whom a failure touches, last first, and brings them up again in
//! order.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::exit::ExitReason;
use crate::family::{Family, Phase};
use crate::home::Home;
use crate::signal::Orders;
use crate::stop::{KILL_GRACE, ends_in_time, stop_one};
use crate::supervision::policy::RestartPolicy;

/// Restarts the children of a family together, each time one of them falls, for as long as it is polled.
pub(crate) async fn regroup(family: Arc<Family>, home: Arc<Home>) -> Infallible {
    loop {
        let (mut touched, mut wait) = poll_fn(|cx| family.poll_fallen(cx)).await;
        loop {
            for &key in touched.iter().rev() {
                take_down(&family, key, &home).await;
            }
            if !wait.is_zero() {
                sleep(wait).await;
            }
            match bring_up(&family, &touched).await {
                Ok(()) => break,
                Err((more, longer)) => {
                    // Those that are up already and that the new failure does not touch stay up. (As OTP has it.)
                    touched.retain(|&key| family.phase(key) != Phase::Up);
                    touched.extend(more);
                    wait = longer;
                }
            }
        }
    }
}

/// Ends the present life of a child. A temporary child that falls for another's sake is gone. (As OTP has it.)
pub(crate) async fn take_down(family: &Family, key: u64, home: &Home) {
    let (Some((treatment, child)), Some(rests)) = (family.child(key), family.rests(key)) else {
        return;
    };
    if family.phase(key) == Phase::Parked {
        return;
    }
    if treatment.policy == RestartPolicy::Temporary {
        return stop_one(family, child, home).await;
    }
    let core = child.cell.core();
    child.cell.order(Orders::CYCLE);
    let mut down = pin!(poll_fn(|cx| family.poll_down(key, rests, cx)));
    if ends_in_time(core, child.shutdown, &mut down).await {
        return;
    }
    home.note_killed(&core.path, core.id);
    child.cell.order(Orders::KILL);
    while timeout(KILL_GRACE, &mut down).await.is_err() {
        if core.is_winding_up() {
            continue;
        }
        home.note_stuck(&core.path, core.id);
        // What is stuck holds its own factory, and may still act: nothing can take its place here. The owner fails, and
        // with it the whole family is made anew.
        let stuck = ExitReason::Stuck.as_failure(&core.path);
        family.give_up("cannot restart a child that is stuck".to_owned(), stuck);
        return;
    }
}

/// Begins the next life of each, after the `on_start` of the one before has ended well. Returns early with whom another
/// failure touches.
async fn bring_up(family: &Family, touched: &BTreeSet<u64>) -> Result<(), (BTreeSet<u64>, Duration)> {
    for &key in touched {
        let mut begun = false;
        poll_fn(|cx| {
            // Before it begins: who fell while others were taken down may touch it, too.
            if let Poll::Ready(more) = family.poll_fallen(cx) {
                return Poll::Ready(Err(more));
            }
            if !std::mem::replace(&mut begun, true) {
                family.begin(key);
            }
            family
                .poll_phase(key, |phase| phase != Phase::Starting, cx)
                .map(|_| Ok(()))
        })
        .await?;
    }
    Ok(())
}

/// Ends the present life of one child, and begins another, whatever its policy.
pub(crate) async fn restart(family: &Family, key: u64, home: &Home) {
    take_down(family, key, home).await;
    family.begin(key);
    poll_fn(|cx| family.poll_phase(key, |phase| phase != Phase::Starting, cx)).await;
}
