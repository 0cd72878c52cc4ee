//! Random trouble among members, from a seed, and what must hold when it is over.

use std::collections::BTreeSet;
use std::time::Duration;

use actor_net::membership::ClusterConfig;
use actor_net::membership::policy::Policy;

use super::chance::Chance;
use super::world::World;
use crate::seeds;

const SECOND: Duration = Duration::from_secs(1);

/// Within so much after the last fault everybody sees everybody, and nobody else.
const AGREED_WITHIN: Duration = Duration::from_secs(12);

/// Plays as many seeds as the environment says, or `usual`. What one that is played alone has told is shown.
pub(super) fn play_all(usual: u64) {
    let is_alone = seeds::alone("MEMBER").is_some();
    seeds::each("MEMBER", usual, |seed| match play(seed, is_alone) {
        Ok(diary) if is_alone => println!("{diary}"),
        Ok(_) => {}
        Err(why) => panic!("{why}"),
    });
}

/// Plays one, and returns what everybody was told.
pub(super) fn play(seed: u64, keeps_diary: bool) -> Result<String, String> {
    let mut chance = Chance::new(seed ^ 0x5eed);
    let nodes = match chance.below(100) {
        0..45 => 3,
        45..75 => 5,
        75..97 => 9,
        _ => 50,
    };
    let policy = if chance.yes(0.3) {
        Policy::Off
    } else {
        Policy::default()
    };
    let config = ClusterConfig {
        policy,
        ..ClusterConfig::default()
    };
    let mut world = World::new(seed, config);
    world.keeps_diary = keeps_diary;
    for _ in 0..nodes {
        world.add();
    }
    let mut story = Story {
        world,
        chance,
        nodes,
        deeds: Vec::new(),
    };
    story.trouble();
    story.repair();
    let took = story.world.until_agreed(AGREED_WITHIN);
    let Story { world, deeds, .. } = story;
    let complain = |what: String| {
        let diary = &world.diary;
        Err(format!(
            "seed {seed}: {what}\n  {}\n{}\n{diary}",
            deeds.join("\n  "),
            world.views()
        ))
    };
    if took.is_none() {
        return complain("they do not agree".to_owned());
    }
    if !world.faults.is_empty() {
        return complain(world.faults.join("\n"));
    }
    Ok(world.diary)
}

struct Story {
    world: World,
    chance: Chance,
    nodes: usize,
    deeds: Vec<String>,
}

impl Story {
    fn trouble(&mut self) {
        for _ in 0..self.chance.below(12) + 2 {
            let wait = if self.chance.yes(0.5) { SECOND / 2 } else { SECOND * 8 };
            let wait = self.chance.up_to(wait);
            self.world.run(wait);
            self.deed();
        }
        let wait = self.chance.up_to(SECOND * 10);
        self.world.run(wait);
    }

    fn deed(&mut self) {
        let at = self.chance.index(self.world.len());
        let other = self.chance.index(self.world.len());
        let runs = self.world.runs(at);
        let said = match self.chance.below(12) {
            0 if runs && self.world.running().len() > 1 => {
                self.world.crash(at);
                format!("crash {at}")
            }
            0 | 1 if !runs => {
                self.world.start(at);
                format!("start {at}")
            }
            1 if runs => {
                self.world.crash(at);
                self.world.start(at);
                format!("restart {at}")
            }
            2 | 3 => {
                let longest = if self.chance.yes(0.5) { SECOND } else { SECOND * 20 };
                let lasts = self.chance.up_to(longest);
                self.world.pause(at, lasts);
                format!("pause {at} for {lasts:?}")
            }
            4 | 5 => {
                let side: BTreeSet<_> = (0..self.world.len()).filter(|_| self.chance.yes(0.4)).collect();
                self.world.part(&side);
                format!("part {side:?}")
            }
            6 => {
                self.world.cut(at, other);
                format!("cut {at} -> {other}")
            }
            7 => {
                self.world.deaf.insert(at, self.chance.part());
                format!("deaf {at}")
            }
            8 if runs && self.world.running().len() > 2 => {
                self.world.leave(at);
                format!("leave {at}")
            }
            9 if self.world.len() < self.nodes * 2 => format!("add {}", self.world.add()),
            10 => {
                self.world.weather.loss = self.chance.part() * 0.2;
                self.world.weather.jitter = self.chance.up_to(Duration::from_millis(100));
                format!("weather {:?}", self.world.weather)
            }
            _ => {
                self.world.mend();
                "mend".to_owned()
            }
        };
        self.deeds.push(format!("{:?} {said}", self.world.since()));
    }

    /// The network is whole, nobody sleeps any more, and somebody runs among those that are looked for.
    fn repair(&mut self) {
        self.world.mend();
        for at in 0..self.world.len() {
            self.world.resume_now(at);
        }
        for seed in 0..3 {
            if !self.world.runs(seed) {
                self.world.start(seed);
            }
        }
        self.deeds.push(format!("{:?} repaired", self.world.since()));
    }
}
