//! A story in which each strategy does what it is for, told as text.

use std::fmt::Write as _;
use std::time::Duration;

use actor_core::{ChildInfo, System};

use crate::act::{Deed, act};
use crate::changes::changes;
use crate::house;
use crate::rows::rows;

pub(crate) async fn story() -> anyhow::Result<String> {
    let mut teller = Teller::new(house::start().await?);
    teller.tell("in the beginning all is well");
    teller
        .hurt("oven fails: one for one", "/house/kitchen/oven", Deed::Fail)
        .await;
    teller
        .hurt("hall panics: one for all", "/house/lights/hall", Deed::Panic)
        .await;
    teller
        .hurt("boiler is killed: rest for one", "/house/heating/boiler", Deed::Kill)
        .await;
    teller
        .hurt(
            "fridge fails, and has a back-off of 2 s",
            "/house/kitchen/fridge",
            Deed::Fail,
        )
        .await;
    teller.wait("a second later", 1).await;
    teller.wait("and another", 1).await;
    teller.hurt("pump hangs", "/house/heating/pump", Deed::Hang).await;
    teller
        .hurt("and its mailbox fills", "/house/heating/pump", Deed::Flood)
        .await;
    teller
        .hurt("killed, it keeps what waits", "/house/heating/pump", Deed::Kill)
        .await;
    teller.wait("and works it off", 5).await;
    teller
        .hurt(
            "stairs is stopped: a transient child is gone then",
            "/house/lights/stairs",
            Deed::Stop,
        )
        .await;
    for _ in 0..3 {
        teller.hurt("oven fails again", "/house/kitchen/oven", Deed::Fail).await;
    }
    teller
        .hurt(
            "once too often: kitchen gives up, and is restarted",
            "/house/kitchen/oven",
            Deed::Fail,
        )
        .await;
    Ok(teller.text)
}

struct Teller {
    system: System,
    seen: Vec<ChildInfo>,
    text: String,
}

impl Teller {
    fn new(system: System) -> Self {
        let seen = system.snapshot();
        let text = String::new();
        Self { system, seen, text }
    }

    async fn hurt(&mut self, what: &str, path: &str, deed: Deed) {
        let done = act(&self.system, path, deed);
        // On the paused clock, this is until nobody has anything left to do at once.
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.tell(&format!("{what} ({done})"));
    }

    async fn wait(&mut self, what: &str, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        self.tell(what);
    }

    fn tell(&mut self, what: &str) {
        let now = self.system.snapshot();
        let _ = writeln!(self.text, "# {what}");
        for change in changes(&self.seen, &now) {
            let _ = writeln!(self.text, "! {change}");
        }
        for row in rows(&now) {
            let _ = writeln!(self.text, "{}", row.text);
        }
        self.text.push('\n');
        self.seen = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_story_is_told_word_for_word() -> anyhow::Result<()> {
        let story = story().await?;
        let expected = include_str!("story.txt");
        assert!(story == expected, "it is now told like this:\n{story}");
        Ok(())
    }
}
