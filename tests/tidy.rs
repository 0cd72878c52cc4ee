//! Rules of the tree that no compiler keeps: direction of imports, rooms with a purpose, pure files, promises with
//! tests.
//!
//! Every rule is a function from text to complaints, so that a bad snippet can show that the rule bites.

mod layers;
mod locks;
mod promises;
mod rooms;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use source::Source;

/// Where Rust files of ours lie.
const FOLDERS: &[&str] = &[
    "actor-wire/src",
    "actor-core/src",
    "actor-net/src",
    "actor-observer",
    "actor-testkit",
    "examples",
    "xtask",
    "tests",
    "benches",
    "soak",
];

/// The crates whose rooms have an order.
const LAYERED: &[&str] = &["actor-wire/src", "actor-core/src", "actor-net/src"];

fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("tests/ lies in the workspace").to_path_buf()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|why| panic!("{path} cannot be read: {why}"))
}

/// Every Rust file below `folder`, by its path from the root, in a stable order.
fn rust_files(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut waiting = vec![root().join(folder)];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                if name != "node_modules" && name != "target" {
                    waiting.push(path);
                }
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).expect("a Rust file is UTF-8");
                let path = path.strip_prefix(root()).expect("found below the root");
                found.push(Source::new(&path.to_string_lossy(), &text));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn all_rust_files() -> Vec<Source> {
    let files: Vec<Source> = FOLDERS.iter().flat_map(|folder| rust_files(folder)).collect();
    assert!(
        files.len() > 20,
        "only {} Rust files found: is the tree where this test looks?",
        files.len()
    );
    files
}

fn hold(rule: &str, complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{rule}:\n  {}\n", complaints.join("\n  "));
}

#[test]
fn imports_point_in_one_direction() {
    let complaints = LAYERED
        .iter()
        .flat_map(|sources| layers::complaints(sources, &rust_files(sources)));
    hold(
        "a file imports only from its own layer of its crate or a lower one, and never in a circle",
        complaints.collect(),
    );
}

#[test]
fn every_file_says_first_what_it_is_for() {
    hold(
        "a file begins with `//!` and a whole sentence",
        all_rust_files().iter().filter_map(rooms::without_purpose).collect(),
    );
}

#[test]
fn no_file_is_longer_than_its_room() {
    hold(
        "a file that wants more lines of code is two files",
        all_rust_files().iter().filter_map(rooms::too_long).collect(),
    );
}

#[test]
fn nothing_is_left_for_later() {
    hold(
        "unfinished code and ignored tests stay out of the tree",
        all_rust_files().iter().flat_map(rooms::left_for_later).collect(),
    );
}

#[test]
fn pure_files_know_no_clock_no_chance_and_no_runtime() {
    let files: Vec<Source> = all_rust_files()
        .into_iter()
        .filter(|file| rooms::must_be_pure(&file.path))
        .collect();
    assert!(!files.is_empty(), "no pure file found: did they move?");
    hold(
        "a pure file takes `now` and events, and awaits nothing",
        files.iter().flat_map(rooms::impurities).collect(),
    );
}

#[test]
fn every_promise_names_a_test_that_exists() {
    let mut tests = rust_files("tests");
    tests.extend(rust_files("actor-testkit/tests"));
    tests.extend(rust_files("actor-observer/tests"));
    hold(
        "a line of GUARANTEES.md ends with the test that holds it",
        promises::complaints(&read("GUARANTEES.md"), &tests),
    );
}

#[test]
fn every_test_file_is_part_of_the_test_binary() {
    hold(
        "a file without its `mod` line in tests/main.rs never runs",
        promises::strays(&rust_files("tests")),
    );
}

#[test]
fn packages_outside_of_the_workspace_have_locked_what_ours_need() {
    let mut complaints = Vec::new();
    for path in ["benches/peers/Cargo.lock", "fuzz/Cargo.lock"] {
        let lock = read(path);
        assert!(lock.contains("name = \"actor-core\""), "{path} has no actor-core");
        for name in ["actor-wire", "actor-core", "actor-net", "benches"] {
            let manifest = read(&format!("{name}/Cargo.toml"));
            complaints.extend(locks::complaints(name, &manifest, path, &lock));
        }
    }
    hold("a lock file knows what is built by it", complaints);
}
