//! How long a program takes to build from nothing, beside one that uses tokio and serde alone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use benches::measure::{middle, progress};

use super::Wanted;
use crate::figures::{Build, BuildLine, folder};
use crate::{Failed, machine};

/// How often each is built, in turns.
const BUILDS: usize = 3;

struct Program {
    name: &'static str,
    /// Its dependencies, and its code.
    dependencies: String,
    code: &'static str,
}

const HELLO: &str = "#[tokio::main]\nasync fn main() {\n    println!(\"hello\");\n}\n";

const ACTOR: &str = "use actor_core::prelude::*;

#[derive(Default)]
struct Total(u64);

impl Actor for Total {
    type Msg = u64;

    async fn handle(&mut self, number: u64, _ctx: &mut Context<u64>) -> ActorResult {
        self.0 += number;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> ActorResult {
    let system = System::new(\"hello\");
    system.spawn(\"total\", Total::default)?.tell(1).await?;
    system.shutdown().await;
    Ok(())
}
";

fn programs() -> [Program; 3] {
    let core = folder().with_file_name("actor-core");
    [
        Program {
            name: "actor-core, and tokio with macros and rt-multi-thread",
            dependencies: format!(
                "actor-core = {{ path = \"{}\" }}\ntokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}",
                core.display()
            ),
            code: ACTOR,
        },
        Program {
            name: "tokio with full, and serde with derive",
            dependencies: "serde = { version = \"1\", features = [\"derive\"] }\ntokio = { version = \"1\", features = [\"full\"] }"
                .to_owned(),
            code: HELLO,
        },
        Program {
            name: "tokio with macros, rt-multi-thread, sync and time, and serde with derive",
            dependencies: "serde = { version = \"1\", features = [\"derive\"] }\ntokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\", \"sync\", \"time\"] }"
                .to_owned(),
            code: HELLO,
        },
    ]
}

/// A folder that is gone when it is no longer needed.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn measure(_: &Wanted) -> Result<Build, Failed> {
    let folder = Folder(std::env::temp_dir().join(format!("actor-build-{}", std::process::id())));
    let programs = programs();
    let mut at = Vec::new();
    for (number, program) in programs.iter().enumerate() {
        let place = folder.0.join(number.to_string());
        lay_out(&place, program)?;
        at.push(place);
    }
    let mut seconds = vec![(Vec::new(), Vec::new()); programs.len()];
    for round in 0..BUILDS {
        for (place, (took, cpu)) in at.iter().zip(&mut seconds) {
            progress(&format!("cold build {} of {BUILDS}", round + 1));
            let _ = std::fs::remove_dir_all(place.join("target"));
            let before = children_seconds();
            let begun = Instant::now();
            cargo(place, &["build", "--offline", "--quiet"])?;
            took.push(begun.elapsed().as_secs_f64());
            cpu.push(children_seconds() - before);
        }
    }
    progress("");
    let mut rows = Vec::new();
    for ((program, place), (took, cpu)) in programs.iter().zip(&at).zip(seconds) {
        let crates = cargo(
            place,
            &[
                "tree",
                "--offline",
                "--prefix",
                "none",
                "--no-dedupe",
                "--edges",
                "normal,build",
            ],
        )?;
        let mut crates: Vec<&str> = crates
            .lines()
            .map(|line| line.split(" (").next().unwrap_or(line))
            .collect();
        crates.sort_unstable();
        crates.dedup();
        rows.push(BuildLine {
            name: program.name.to_owned(),
            // Without the program itself.
            crates: crates.len() - 1,
            seconds: middle(took).median,
            cpu_seconds: middle(cpu).median,
        });
    }
    Ok(Build {
        taken: machine::taken(BUILDS as u32, 1.0, &[]),
        rows,
    })
}

fn lay_out(place: &Path, program: &Program) -> Result<(), Failed> {
    std::fs::create_dir_all(place.join("src"))?;
    let manifest = format!(
        "[package]\nname = \"cold\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{}\n",
        program.dependencies
    );
    std::fs::write(place.join("Cargo.toml"), manifest)?;
    std::fs::write(place.join("src/main.rs"), program.code)?;
    cargo(place, &["fetch", "--quiet"])?;
    Ok(())
}

fn cargo(place: &Path, words: &[&str]) -> Result<String, Failed> {
    let output = Command::new("cargo")
        .args(words)
        .current_dir(place)
        .env("CARGO_TARGET_DIR", place.join("target"))
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The time on a processor of all processes that this one has waited for, with those that they have.
fn children_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold anything, in brackets.
    let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ');
    let ticks: u64 = fields
        .skip(13)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    ticks as f64 / 100.0
}
