//! The coordinator: gives out jobs, takes them back from workers that are lost, and counts each result once.
//!
//! A worker's `Down` comes behind all that it has sent: what it had done is counted before the rest goes back. Still a job can be done twice, by
//! one whose result was lost with it. Only the count is exact.

use std::collections::{HashMap, VecDeque};

use actor_core::WatchId;
use actor_core::prelude::*;
use indicatif::{ProgressBar, ProgressStyle};

use super::spoken::{Farm, Report, Work};

/// How many jobs a worker has at a time: the next is there when it has done one.
const AHEAD: usize = 2;

pub(crate) struct Coordinator {
    /// What nobody has in hand.
    waiting: VecDeque<u32>,
    workers: HashMap<WatchId, Worker>,
    /// Of each job, what it found.
    results: Vec<Option<u64>>,
    left: usize,
    report: Report,
    asking: Vec<Reply<Report>>,
    bar: ProgressBar,
}

struct Worker {
    name: String,
    handle: Handle<Work>,
    jobs: Vec<u32>,
}

impl Coordinator {
    pub(crate) fn new(jobs: u32) -> Self {
        let bar = ProgressBar::new(u64::from(jobs));
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} jobs, {eta} left, {msg} workers");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self {
            waiting: (0..jobs).collect(),
            workers: HashMap::new(),
            results: vec![None; jobs as usize],
            left: jobs as usize,
            report: Report {
                jobs,
                ..Report::default()
            },
            asking: Vec::new(),
            bar,
        }
    }

    /// Gives jobs to all who have less than they may.
    fn give(&mut self, farm: &Handle<Farm>) {
        for worker in self.workers.values_mut() {
            while worker.jobs.len() < AHEAD
                && let Some(job) = self.waiting.pop_front()
            {
                let tell = farm.clone();
                if worker.handle.try_tell(Work::Do { job, tell }).is_err() {
                    // It is lost, and its `Down` is on the way.
                    self.waiting.push_front(job);
                    break;
                }
                worker.jobs.push(job);
                self.report.given += 1;
            }
        }
    }

    fn count(&mut self, job: u32, primes: u64) {
        if let Some(worker) = self.workers.values_mut().find(|worker| worker.jobs.contains(&job)) {
            worker.jobs.retain(|&given| given != job);
        }
        match self.results.get_mut(job as usize) {
            Some(result @ None) => {
                *result = Some(primes);
                self.left -= 1;
                self.report.primes += primes;
                self.waiting.retain(|&waiting| waiting != job);
                self.bar.inc(1);
            }
            _ => self.report.repeated += 1,
        }
    }

    /// All is done: says so to everyone who waits for it.
    fn end(&mut self) {
        self.bar.finish();
        for worker in self.workers.values() {
            let _ = worker.handle.try_tell(Work::Enough);
        }
        for asking in self.asking.drain(..) {
            asking.send(self.report.clone());
        }
    }

    /// Also where there is no terminal for a bar.
    fn say(&self, words: &str) {
        self.bar.set_message(self.workers.len().to_string());
        self.bar.suspend(|| eprintln!("{words}"));
    }
}

impl Actor for Coordinator {
    type Msg = Farm;

    async fn handle(&mut self, msg: Farm, ctx: &mut Context<Farm>) -> ActorResult {
        match msg {
            Farm::Join { name, worker } => {
                let watch = ctx.watch(&worker);
                let words = format!("{name} has joined");
                let (handle, jobs) = (worker, Vec::new());
                self.workers.insert(watch, Worker { name, handle, jobs });
                self.say(&words);
            }
            Farm::Done { job, primes } => self.count(job, primes),
            Farm::Result(reply) => self.asking.push(reply.detach()),
        }
        match self.left {
            0 => self.end(),
            _ => self.give(&ctx.handle()),
        }
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, ctx: &mut Context<Farm>) -> ActorResult {
        if let Signal::Down(down) = signal
            && let Some(lost) = self.workers.remove(&down.watch)
            && self.left > 0
        {
            self.report.lost += 1;
            self.report.went_back += lost.jobs.len() as u64;
            self.say(&format!(
                "{} {}: jobs {:?} go to others",
                lost.name, down.reason, lost.jobs
            ));
            lost.jobs.into_iter().for_each(|job| self.waiting.push_front(job));
            self.give(&ctx.handle());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use actor_testkit::Probe;

    use super::*;

    /// Its job, and the handle to tell the result.
    async fn job(worker: &mut Probe<Work>) -> (u32, Handle<Farm>) {
        match worker.expect().await {
            Work::Do { job, tell } => (job, tell),
            Work::Enough => panic!("there is work"),
        }
    }

    async fn join(farm: &Handle<Farm>, system: &System, name: &str) -> Probe<Work> {
        let worker = Probe::spawn(system, name);
        let joining = Farm::Join {
            name: name.to_owned(),
            worker: worker.handle(),
        };
        farm.tell(joining).await.expect("it lives");
        worker
    }

    #[tokio::test(start_paused = true)]
    async fn jobs_of_a_lost_worker_go_to_others_and_each_is_counted_once() {
        let system = System::new("farm");
        let farm = system.spawn("farm", || Coordinator::new(3)).expect("the name is free");
        let mut lost = join(&farm, &system, "lost").await;
        let (first, _) = job(&mut lost).await;
        let (second, _) = job(&mut lost).await;
        let done = |job| Farm::Done { job, primes: 10 };
        farm.tell(done(first)).await.expect("it lives");
        // Which is now under way to it, too.
        let (third, _) = job(&mut lost).await;
        lost.die().await;

        let mut other = join(&farm, &system, "other").await;
        let mut again = [job(&mut other).await.0, job(&mut other).await.0];
        again.sort_unstable();
        assert_eq!(again, [second, third], "and not what was done");
        // One that was taken for lost may still tell of what it did.
        for job in [second, second, third] {
            farm.tell(done(job)).await.expect("it lives");
        }
        assert!(matches!(other.expect().await, Work::Enough));
        let report = farm.ask(Farm::Result).await.expect("all is done");
        let expected = Report {
            jobs: 3,
            primes: 30,
            given: 5,
            went_back: 2,
            repeated: 1,
            lost: 1,
        };
        assert_eq!(report, expected);
    }
}
