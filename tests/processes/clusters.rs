//! Three members in processes of their own: what each knows of the others when one is killed, stopped, continued or started again.
//!
//! `FROZEN_SECS=60` has the one that is stopped for long stay so for as long; without it, until the others have given it up.

use std::time::{Duration, Instant};

use super::theatre::{Puppet, Scratch, within};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// Nobody is found down before so much silence, by default settings.
const VERDICT_MIN: Duration = Duration::from_millis(3_300);

struct Site {
    puppet: Puppet,
    /// Its name and incarnation.
    life: String,
}

struct Trio {
    folder: Scratch,
    sites: Vec<Site>,
}

impl Trio {
    async fn start() -> Self {
        let mut trio = Self {
            folder: Scratch::new(),
            sites: Vec::new(),
        };
        trio.write_seeds();
        for name in NAMES {
            let site = trio.site(name, "127.0.0.1:0").await;
            trio.sites.push(site);
            // The first must have begun before there is an address that others look at.
            trio.all_know(&(0..trio.sites.len()).collect::<Vec<_>>()).await;
            trio.write_seeds();
        }
        trio
    }

    fn write_seeds(&self) {
        let addresses: Vec<_> = self.sites.iter().map(|site| &*site.puppet.address).collect();
        std::fs::write(self.folder.0.join("seeds"), addresses.join("\n")).expect("there is room");
    }

    async fn site(&self, name: &str, listen: &str) -> Site {
        let seeds = self.folder.0.join("seeds");
        let flags = [
            format!("name={name}"),
            format!("listen={listen}"),
            format!("seeds={}", seeds.display()),
        ];
        let mut puppet = Puppet::member(&flags).await;
        let life = puppet.tells("life ").await;
        Site { puppet, life }
    }

    /// Ends one without a word.
    async fn kill(&mut self, at: usize) {
        self.sites[at].puppet.kill().await;
    }

    /// Starts one again, in another life at the same address.
    async fn restart(&mut self, at: usize) {
        let address = self.sites[at].puppet.address.clone();
        self.sites[at] = self.site(NAMES[at], &address).await;
    }

    /// Waits until each of these knows these, and nobody else, as members, in the group, in the presence and by their names.
    async fn all_know(&mut self, these: &[usize]) {
        let lives: Vec<_> = these.iter().map(|at| self.sites[*at].life.clone()).collect();
        let view = lives.join(" ");
        for at in these {
            self.sites[*at].puppet.comes_to(&view).await;
        }
    }

    /// Has each of these say something, which the others of them hear, each thing once and in order.
    async fn all_hear(&mut self, these: &[usize]) {
        for at in these {
            self.sites[*at].puppet.says_to(these.len() - 1).await;
        }
        let lives: Vec<_> = these.iter().map(|at| self.sites[*at].life.clone()).collect();
        for at in these {
            let puppet = &mut self.sites[*at].puppet;
            let all = async {
                loop {
                    puppet.order("heard").await;
                    let heard = puppet.tells("heard ").await;
                    assert!(!heard.contains("Err"), "{heard}");
                    if lives.iter().all(|life| heard.contains(&**life)) {
                        return;
                    }
                }
            };
            within("what was said", all).await;
        }
    }
}

#[tokio::test]
async fn whichever_member_is_killed_the_others_go_on_and_it_can_come_back() {
    let mut trio = Trio::start().await;
    for at in 0..3 {
        let others: Vec<_> = (0..3).filter(|other| *other != at).collect();
        let gone = format!("gone {} Down", trio.sites[at].life);
        trio.kill(at).await;
        for other in &others {
            trio.sites[*other].puppet.tells(&gone).await;
        }
        trio.all_know(&others).await;
        trio.all_hear(&others).await;
        trio.restart(at).await;
        trio.all_know(&[0, 1, 2]).await;
        trio.all_hear(&[0, 1, 2]).await;
    }
}

#[tokio::test]
async fn a_member_that_starts_again_at_once_replaces_its_former_life() {
    let mut trio = Trio::start().await;
    let before = trio.sites[1].life.clone();
    trio.kill(1).await;
    trio.restart(1).await;
    assert_ne!(trio.sites[1].life, before);
    for other in [0, 2] {
        trio.sites[other].puppet.tells(&format!("gone {before} Replaced")).await;
    }
    trio.all_know(&[0, 1, 2]).await;
    trio.all_hear(&[0, 1, 2]).await;
}

#[tokio::test]
async fn a_member_that_is_stopped_for_three_seconds_loses_nothing_and_is_not_lost() {
    let mut trio = Trio::start().await;
    trio.all_hear(&[0, 1, 2]).await;
    trio.sites[2].puppet.signal("STOP").await;
    let begun = Instant::now();
    for _ in 0..10 {
        for at in [0, 1] {
            let puppet = &mut trio.sites[at].puppet;
            puppet.order("say").await;
            assert!(puppet.tells("said ").await.ends_with("to 2"));
        }
    }
    // Many signs of life long, and shorter than a verdict takes.
    tokio::time::sleep(Duration::from_secs(3).saturating_sub(begun.elapsed())).await;
    trio.sites[2].puppet.signal("CONT").await;
    let was_longer = begun.elapsed() >= VERDICT_MIN;
    trio.all_know(&[0, 1, 2]).await;
    if was_longer {
        // The machine was so busy that it may have been given up.
        return;
    }
    // It hears what was said meanwhile, each thing once and in order.
    trio.all_hear(&[0, 1, 2]).await;
    for at in 0..3 {
        let puppet = &mut trio.sites[at].puppet;
        assert!(!puppet.has_told("gone "), "nobody was found down");
    }
}

#[tokio::test]
async fn a_member_that_is_stopped_for_long_is_out_learns_it_and_comes_back_as_new() {
    let mut trio = Trio::start().await;
    let lasts = std::env::var("FROZEN_SECS").ok().and_then(|text| text.parse().ok());
    trio.sites[2].puppet.signal("STOP").await;
    let begun = Instant::now();
    trio.all_know(&[0, 1]).await;
    trio.all_hear(&[0, 1]).await;
    let rest = Duration::from_secs(lasts.unwrap_or(0)).saturating_sub(begun.elapsed());
    tokio::time::sleep(rest).await;
    trio.sites[2].puppet.signal("CONT").await;
    trio.sites[2].puppet.tells("rejoined").await;
    // In the same life, with all that it had.
    trio.all_know(&[0, 1, 2]).await;
    trio.sites[2].puppet.says_to(2).await;
}

#[tokio::test]
async fn a_member_that_leaves_is_gone_at_once_and_nobody_takes_it_for_lost() {
    let mut trio = Trio::start().await;
    let gone = format!("gone {} ", trio.sites[2].life);
    trio.sites[2].puppet.order("leave").await;
    trio.sites[2].puppet.tells("left").await;
    for other in [0, 1] {
        assert_eq!(trio.sites[other].puppet.tells(&gone).await, "Left");
    }
    trio.all_know(&[0, 1]).await;
    trio.all_hear(&[0, 1]).await;
}
