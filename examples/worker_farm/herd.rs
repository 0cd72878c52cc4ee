//! Worker processes on this machine, which are killed by chance and started again.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

/// How long workers may take to end when there is nothing left to do.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

pub(crate) struct Herd {
    address: String,
    secret: PathBuf,
    workers: Vec<Child>,
    chance: fastrand::Rng,
    pub(crate) killed: u32,
}

impl Herd {
    /// Starts so many processes of this program, which find their coordinator at `address`.
    pub(crate) fn start(address: &str, secret: &Path, workers: u16, seed: u64) -> anyhow::Result<Self> {
        let mut herd = Self {
            address: address.to_owned(),
            secret: secret.to_owned(),
            workers: Vec::new(),
            chance: fastrand::Rng::with_seed(seed),
            killed: 0,
        };
        for number in 0..workers.into() {
            let worker = herd.hire(number)?;
            herd.workers.push(worker);
        }
        Ok(herd)
    }

    fn hire(&self, number: usize) -> std::io::Result<Child> {
        let mut command = Command::new(std::env::current_exe()?);
        let name = format!("worker-{}", number + 1);
        command.args(["worker", "--name", &name, "--coordinator", &self.address, "--secret"]);
        command
            .arg(&self.secret)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
    }

    /// Kills one now and then, as `kill -9` does, and starts another under its name. Returns only when something is wrong.
    pub(crate) async fn torment(&mut self, every: Duration) -> anyhow::Error {
        loop {
            tokio::time::sleep(every.mul_f64(0.5 + self.chance.f64())).await;
            if let Err(why) = self.kill_one().await {
                return why;
            }
        }
    }

    async fn kill_one(&mut self) -> anyhow::Result<()> {
        for worker in &mut self.workers {
            if let Some(status) = worker.try_wait()?
                && !status.success()
            {
                anyhow::bail!("a worker ended by itself with {status}; its own words are above");
            }
        }
        let number = self.chance.usize(..self.workers.len());
        self.workers[number].kill().await?;
        self.killed += 1;
        self.workers[number] = self.hire(number)?;
        Ok(())
    }

    /// Waits for the end of all.
    pub(crate) async fn ends(&mut self) -> anyhow::Result<()> {
        let all = async {
            for worker in &mut self.workers {
                worker.wait().await?;
            }
            std::io::Result::Ok(())
        };
        match tokio::time::timeout(ENDS_WITHIN, all).await {
            Ok(ended) => Ok(ended?),
            Err(_) => anyhow::bail!("a worker has not ended within {ENDS_WITHIN:?}"),
        }
    }
}
