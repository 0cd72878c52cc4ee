//! The way to a pool: past its own mailbox, into that of one of its workers.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::cell::{AnyCell, Cell};
use crate::error::NoRoom;
use crate::exit::ExitReason;
use crate::handle::{Berth, Place, Room, Route, Seats, Unsent, settle};

use crate::question::{Envelope, Left};
use crate::signal::Orders;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::choice::{around, least_loaded, of_key};

/// How a pool chooses.
pub(super) enum Choice<M> {
    RoundRobin,
    LeastLoaded,
    /// `dyn`, because it is chosen at run time; it is called by the sender.
    ByKey(Arc<dyn Fn(&M) -> u64 + Send + Sync>),
}

/// The workers of one pool. Handles to the pool lead here.
pub(crate) struct Crew<M> {
    owner: Arc<Cell<M>>,
    choice: Choice<M>,
    shift: Mutex<Arc<Shift<M>>>,
    /// Where the next look around begins.
    next: AtomicUsize,
    draining: AtomicBool,
}

impl Berth {
    /// The workers with whom it is, and when they were workers.
    fn workers(self) -> (u64, Vec<usize>) {
        match self {
            Berth::Here | Berth::Bytes(_) => (0, Vec::new()),
            Berth::With { era, worker } => (era, vec![worker]),
            Berth::Each { era, workers } => (era, workers),
        }
    }
}

/// The workers of one life of the pool: they survive their own restarts, and not that of the pool.
struct Shift<M> {
    era: u64,
    workers: Vec<Arc<Cell<M>>>,
}

impl<M: Send + 'static> Crew<M> {
    pub(super) fn new(owner: Arc<Cell<M>>, choice: Choice<M>, workers: Vec<Arc<Cell<M>>>) -> Self {
        Self {
            owner,
            choice,
            shift: Mutex::new(Arc::new(Shift { era: 0, workers })),
            next: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
        }
    }

    /// Begins another life of the pool, with workers of its own.
    pub(super) fn renew(&self, workers: Vec<Arc<Cell<M>>>) {
        self.close();
        let mut shift = self.shift.lock();
        let era = shift.era + 1;
        let before = std::mem::replace(&mut *shift, Arc::new(Shift { era, workers }));
        drop(shift);
        drop(before);
    }

    /// Ends the workers that were never started, so that nothing waits for them.
    pub(super) fn close(&self) {
        for worker in &self.shift().workers {
            worker.abandon(ExitReason::Shutdown);
        }
    }

    /// Has the workers handle what is queued now, and end.
    fn drain(&self) {
        self.draining.store(true, Ordering::Release);
        self.drain_workers();
    }

    /// Passes on an order to drain that stands; `true` if there is one.
    pub(super) fn drain_workers(&self) {
        if self.draining.load(Ordering::Acquire) {
            if let Some(children) = self.owner.core.children() {
                children.retire();
            }
            for worker in &self.shift().workers {
                worker.order(Orders::DRAIN);
            }
        }
    }

    /// Notes that the pool is drained.
    pub(super) fn is_drained(&self) {
        self.draining.store(false, Ordering::Release);
    }

    fn shift(&self) -> Arc<Shift<M>> {
        self.shift.lock().clone()
    }

    fn shift_of(&self, era: u64) -> Option<Arc<Shift<M>>> {
        Some(self.shift()).filter(|shift| shift.era == era)
    }

    /// Takes room with one worker, or with each where it is not known yet whose message it is, without waiting.
    fn try_take(&self, shift: &Shift<M>, msg: Option<&M>, avoided: &[usize]) -> Result<Berth, NoRoom> {
        let with = |worker| Berth::With { era: shift.era, worker };
        match (&self.choice, msg) {
            (Choice::ByKey(key), Some(msg)) => {
                let worker = shift.of_key(key(msg)).filter(|worker| !avoided.contains(worker));
                let worker = worker.ok_or(NoRoom::Stopped)?;
                shift.try_reserve(worker).map(|()| with(worker))
            }
            (Choice::ByKey(_), None) => {
                let mut workers = Vec::new();
                for worker in shift.living() {
                    if let Err(why) = shift.try_reserve(worker) {
                        shift.unreserve(&workers);
                        return Err(why);
                    }
                    workers.push(worker);
                }
                shift.each(workers)
            }
            (choice, _) => {
                let mut first = self.next.fetch_add(1, Ordering::Relaxed);
                if let Choice::LeastLoaded = choice {
                    let loads: Vec<_> = shift
                        .workers
                        .iter()
                        .map(|worker| worker.mailbox.is_open().then(|| worker.mailbox.load()))
                        .collect();
                    first = least_loaded(first, &loads).ok_or(NoRoom::Stopped)?;
                }
                let mut why = NoRoom::Stopped;
                for worker in around(first, shift.workers.len()).filter(|worker| !avoided.contains(worker)) {
                    match shift.try_reserve(worker) {
                        Ok(()) => return Ok(with(worker)),
                        Err(NoRoom::Full) => why = NoRoom::Full,
                        Err(NoRoom::Stopped | NoRoom::NodeDown) => {}
                    }
                }
                Err(why)
            }
        }
    }

    /// The same, keeping a place in the queue of each worker that could give the room.
    fn poll_take(
        &self,
        shift: &Shift<M>,
        msg: Option<&M>,
        seats: &mut Seats,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Berth, NoRoom>> {
        let with = |worker| Berth::With { era: shift.era, worker };
        match (&self.choice, msg) {
            (Choice::ByKey(key), Some(msg)) => match shift.of_key(key(msg)) {
                Some(worker) if seats.avoided.contains(&worker) => Poll::Ready(Err(NoRoom::Stopped)),
                Some(worker) => shift.poll_reserve(worker, seats, cx).map_ok(|()| with(worker)),
                None => Poll::Ready(Err(NoRoom::Stopped)),
            },
            // In one order for all senders, so that no two wait for what the other holds.
            (Choice::ByKey(_), None) => {
                for worker in shift.living() {
                    if !seats.held.contains(&worker) {
                        match shift.poll_reserve(worker, seats, cx) {
                            Poll::Ready(Ok(())) => seats.held.push(worker),
                            Poll::Ready(Err(why)) => return Poll::Ready(Err(why)),
                            Poll::Pending => return Poll::Pending,
                        }
                    }
                }
                Poll::Ready(shift.each(std::mem::take(&mut seats.held)))
            }
            _ => {
                let (mut why, mut waits) = (NoRoom::Stopped, false);
                for worker in 0..shift.workers.len() {
                    if seats.avoided.contains(&worker) {
                        continue;
                    }
                    match shift.poll_reserve(worker, seats, cx) {
                        Poll::Ready(Ok(())) => return Poll::Ready(Ok(with(worker))),
                        Poll::Ready(Err(NoRoom::Full)) => why = NoRoom::Full,
                        Poll::Ready(Err(NoRoom::Stopped | NoRoom::NodeDown)) => {}
                        Poll::Pending => waits = true,
                    }
                }
                if waits { Poll::Pending } else { Poll::Ready(Err(why)) }
            }
        }
    }
}

impl<M: Send + 'static> Shift<M> {
    /// The workers that have not ended for good.
    fn living(&self) -> impl Iterator<Item = usize> {
        (0..self.workers.len()).filter(|&worker| self.workers[worker].core.is_alive())
    }

    fn of_key(&self, key: u64) -> Option<usize> {
        of_key(key, 0..self.workers.len())
            .filter(|&worker| self.workers[worker].core.is_alive())
            .or_else(|| of_key(key, self.living()))
    }

    fn try_reserve(&self, worker: usize) -> Result<(), NoRoom> {
        self.workers[worker].mailbox.try_reserve().map_err(NoRoom::of)
    }

    fn poll_reserve(&self, worker: usize, seats: &mut Seats, cx: &mut Context<'_>) -> Poll<Result<(), NoRoom>> {
        let mailbox = &self.workers[worker].mailbox;
        mailbox.poll_reserve(&mut seats.tickets[worker], cx).map_err(NoRoom::of)
    }

    fn unreserve(&self, workers: &[usize]) {
        for &worker in workers {
            self.workers[worker].mailbox.unreserve();
        }
    }

    fn forget(&self, seats: &mut Seats) {
        for (worker, ticket) in self.workers.iter().zip(&mut seats.tickets) {
            worker.mailbox.forget(ticket);
        }
        seats.tickets.clear();
        self.unreserve(&std::mem::take(&mut seats.held));
    }

    fn each(&self, workers: Vec<usize>) -> Result<Berth, NoRoom> {
        if workers.is_empty() {
            return Err(NoRoom::Stopped);
        }
        Ok(Berth::Each { era: self.era, workers })
    }
}

/// Gives back the room that was reserved with these workers, also when a key cannot be told.
struct Held<'a, M: Send + 'static> {
    shift: &'a Shift<M>,
    workers: Vec<usize>,
}

impl<M: Send + 'static> Drop for Held<'_, M> {
    fn drop(&mut self) {
        self.shift.unreserve(&self.workers);
    }
}

impl<M: Send + 'static> Route<M> for Crew<M> {
    fn target(&self) -> &dyn AnyCell {
        &*self.owner
    }

    fn target_arc(&self) -> Arc<dyn AnyCell> {
        self.owner.clone()
    }

    fn chooses(&self) -> bool {
        true
    }

    fn order(&self, orders: Orders) {
        if orders == Orders::DRAIN {
            // The pool ends when the last of them has.
            return self.drain();
        }
        if orders.any_of(Orders::STOP) {
            for worker in &self.shift().workers {
                worker.mailbox.shut();
            }
        }
        self.owner.order(orders);
    }

    fn try_reserve(&self, msg: Option<&M>) -> Result<Berth, NoRoom> {
        self.try_take(&self.shift(), msg, &[])
    }

    fn poll_reserve(&self, msg: Option<&M>, place: &mut Place, cx: &mut Context<'_>) -> Poll<Result<Berth, NoRoom>> {
        let shift = self.shift();
        // A place with the workers of another life is worth nothing: they have ended.
        place.seats.take_if(|seats| seats.era != shift.era);
        let waited = place.seats.as_ref().is_some_and(|seats| !seats.tickets.is_empty());
        if !waited {
            let avoided = place.seats.as_ref().map_or(&[][..], |seats| &seats.avoided);
            match self.try_take(&shift, msg, avoided) {
                Err(NoRoom::Full) => {}
                taken => return Poll::Ready(taken),
            }
        }
        let seats = place.seats.get_or_insert_with(|| Box::new(Seats::new(shift.era)));
        seats.tickets.resize(shift.workers.len(), None);
        self.poll_take(&shift, msg, seats, cx)
    }

    fn forget(&self, place: &mut Place) {
        if let Some(mut seats) = place.seats.take()
            && let Some(shift) = self.shift_of(seats.era)
        {
            shift.forget(&mut seats);
        }
    }

    fn avoid(&self, berth: Berth, place: &mut Place) {
        if let Berth::With { era, worker } = berth {
            let seats = place.seats.get_or_insert_with(|| Box::new(Seats::new(era)));
            seats.avoided.push(worker);
        }
        self.unreserve(berth);
    }

    fn awaited(&self, place: &Place) -> Room {
        let Some(seats) = &place.seats else {
            return Room(Vec::new());
        };
        let Some(shift) = self.shift_of(seats.era) else {
            return Room(Vec::new());
        };
        let awaited = shift.workers.iter().zip(&seats.tickets);
        Room(
            awaited
                .filter_map(|(worker, ticket)| Some((worker.clone() as Arc<dyn AnyCell>, (*ticket)?)))
                .collect(),
        )
    }

    fn handler(&self, berth: &Berth) -> Option<Arc<dyn AnyCell>> {
        match berth {
            Berth::With { era, worker } => Some(self.shift_of(*era)?.workers[*worker].clone()),
            Berth::Here | Berth::Bytes(_) | Berth::Each { .. } => None,
        }
    }

    #[cfg(feature = "wire")]
    fn reserve_anyway(&self, msg: &M) -> Result<Berth, NoRoom> {
        let shift = self.shift();
        let worker = match &self.choice {
            Choice::ByKey(key) => of_key(key(msg), shift.living()),
            _ => around(self.next.fetch_add(1, Ordering::Relaxed), shift.workers.len())
                .find(|&worker| shift.workers[worker].mailbox.is_open()),
        };
        let worker = worker.ok_or(NoRoom::Stopped)?;
        shift.workers[worker].mailbox.reserve_anyway()?;
        Ok(Berth::With { era: shift.era, worker })
    }

    fn unreserve(&self, berth: Berth) {
        let (era, workers) = berth.workers();
        if let Some(shift) = self.shift_of(era) {
            shift.unreserve(&workers);
        }
    }

    fn deliver(&self, envelope: Envelope<M>, berth: Berth, _left: Option<Left>) -> Result<(), Unsent<M>> {
        let (era, workers) = berth.workers();
        let Some(shift) = self.shift_of(era) else {
            return Err(Unsent::Stopped(envelope));
        };
        let mut held = Held { shift: &shift, workers };
        let worker = match &self.choice {
            Choice::ByKey(key) if held.workers.len() > 1 => of_key(key(&envelope.msg), held.workers.iter().copied()),
            _ => held.workers.first().copied(),
        };
        let Some(worker) = worker else {
            return Err(Unsent::Stopped(envelope));
        };
        held.workers.retain(|&other| other != worker);
        let cell = &shift.workers[worker];
        // The worker may have stopped, or another taken the place, since the room was found.
        settle(cell, cell.mailbox.push_reserved(envelope)).map_err(Unsent::from)
    }
}
