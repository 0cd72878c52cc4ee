//! `cargo xtask check`: the steps that a change must pass, the cheap ones first.

use std::process::Command;

use crate::step::{self, Outcome, cargo, show};

type Step = (&'static str, fn() -> Outcome);

const STEPS: [Step; 6] = [
    ("fmt", fmt),
    ("clippy", clippy),
    ("test", test),
    ("docs", docs),
    ("msrv", msrv),
    ("deny", deny),
];

/// Runs the named steps, or all of them.
pub(crate) fn run(names: &[String]) -> Outcome {
    let mut chosen = Vec::new();
    for name in names {
        let step = STEPS.iter().find(|(known, _)| known == name);
        let known = STEPS.map(|(known, _)| known).join(", ");
        chosen.push(*step.ok_or(format!("there is no step `{name}`; the steps are {known}"))?);
    }
    if chosen.is_empty() {
        chosen.extend(STEPS);
    }
    for (_, step) in &chosen {
        step()?;
    }
    let names: Vec<&str> = chosen.iter().map(|(name, _)| *name).collect();
    eprintln!("\nxtask: {} passed", names.join(", "));
    Ok(())
}

fn fmt() -> Outcome {
    show(cargo().args(["fmt", "--all", "--check"])).map_err(|why| format!("{why}; `cargo fmt --all` puts it right"))
}

fn clippy() -> Outcome {
    show(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

/// The README's command, letter for letter.
fn test() -> Outcome {
    show(cargo().args(["test", "--workspace"]))
}

fn docs() -> Outcome {
    show(
        cargo()
            .args(["doc", "--workspace", "--no-deps", "--locked"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// No dependency may ask for a newer compiler than the workspace promises to need.
///
/// Our own sources are held to it by clippy's `incompatible_msrv`, which runs with the other lints; a toolchain of
/// exactly that version is used as well where there is one.
fn msrv() -> Outcome {
    let metadata = step::read(cargo().args(["metadata", "--format-version", "1", "--locked"]))
        .ok_or("`cargo metadata --locked` failed: is Cargo.lock in step with the manifests?")?;
    let promised = promised_version()?;
    let newer = newer_than(&promised, &metadata);
    if !newer.is_empty() {
        return Err(format!(
            "rust-version says {promised}, but these ask for more: {}; hold them back in Cargo.lock, or raise rust-version",
            newer.join(", ")
        ));
    }
    let installed = step::read(Command::new("rustup").args(["toolchain", "list"])).unwrap_or_default();
    if installed.lines().any(|line| line.starts_with(&promised)) {
        return show(
            Command::new("rustup")
                .args(["run", &promised, "cargo", "check", "--workspace", "--locked"])
                .current_dir(step::root()),
        );
    }
    eprintln!(
        "\nmsrv: every dependency builds with Rust {promised} by its own word; to try it: rustup toolchain install {promised}"
    );
    Ok(())
}

fn promised_version() -> Outcome<String> {
    let manifest = step::root().join("Cargo.toml");
    let text =
        std::fs::read_to_string(&manifest).map_err(|why| format!("{} cannot be read: {why}", manifest.display()))?;
    text.lines()
        .find_map(|line| line.strip_prefix("rust-version"))
        .and_then(|rest| rest.split('"').nth(1))
        .map(str::to_owned)
        .ok_or_else(|| "the root Cargo.toml names no rust-version".to_owned())
}

fn newer_than(promised: &str, metadata: &str) -> Vec<String> {
    let mut newer = Vec::new();
    let mut name = "";
    // A package begins with its name and version; a dependency's entry begins with its name alone.
    for piece in metadata.split("{\"name\":\"") {
        if let Some((found, _)) = piece.split_once("\",\"version\":\"") {
            name = found;
        }
        let Some((_, rest)) = piece.split_once("\"rust_version\":\"") else {
            continue;
        };
        let asked = rest.split('"').next().unwrap_or_default();
        if numbers(asked) > numbers(promised) {
            newer.push(format!("{name} ({asked})"));
        }
    }
    newer
}

fn numbers(version: &str) -> [u32; 3] {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

fn deny() -> Outcome {
    if step::read(cargo().args(["deny", "--version"])).is_none() {
        eprintln!("\ndeny: left out, since cargo-deny is not here; `cargo install --locked cargo-deny` brings it");
        return Ok(());
    }
    show(cargo().args(["deny", "--log-level", "error", "check", "licenses", "bans", "sources"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_that_asks_for_a_newer_compiler_is_named() {
        let metadata = r#"{"packages":[{"name":"old","version":"1.0.0","dependencies":[{"name":"x","source":null}],"rust_version":"1.70"},{"name":"new","version":"2.0.0","rust_version":"1.89.1"}]}"#;
        assert_eq!(newer_than("1.88", metadata), ["new (1.89.1)"]);
        assert!(newer_than("1.90", metadata).is_empty());
    }

    #[test]
    fn every_step_has_a_name_of_its_own() {
        for (at, (name, _)) in STEPS.iter().enumerate() {
            assert!(STEPS[at + 1..].iter().all(|(other, _)| other != name));
        }
    }
}
