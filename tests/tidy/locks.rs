//! Whether the packages outside of the workspace have locked what ours need: they are built with `--locked`, by nobody every day.

/// What `manifest`, the one of our package `name`, needs and `lock` does not have for it.
pub(super) fn complaints(name: &str, manifest: &str, path: &str, lock: &str) -> Vec<String> {
    let Some(locked) = locked(name, lock) else {
        return Vec::new();
    };
    let needed = needed(manifest);
    let missing = needed.iter().filter(|one| !locked.contains(one));
    missing
        .map(|one| format!("{path} does not know that {name} needs {one}: let cargo write it anew, without --locked"))
        .collect()
}

/// The dependencies that are always there.
fn needed(manifest: &str) -> Vec<&str> {
    let lines = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.contains("optional = true"))
        .filter_map(|line| Some(line.split_once(['.', ' ', '='])?.0))
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .collect()
}

/// What a lock file has as the dependencies of a package, if it has the package.
fn locked<'a>(name: &str, lock: &'a str) -> Option<Vec<&'a str>> {
    let (_, package) = lock.split_once(&format!("name = \"{name}\"\n"))?;
    let package = package.split("[[package]]").next()?;
    let quoted = package.lines().filter_map(|line| line.strip_prefix(" \""));
    Some(quoted.filter_map(|line| line.split(['"', ' ']).next()).collect())
}

#[test]
fn what_is_not_locked_is_found() {
    let manifest = "[package]\nname = \"a\"\n\n[dependencies]\n# b is needed\nb.workspace = true\nc = { optional = true }\nd = \"1\"\n\n[features]\ne = []\n";
    let lock = "[[package]]\nname = \"a\"\nversion = \"0.1.0\"\ndependencies = [\n \"b 0.2.0\",\n]\n\n[[package]]\nname = \"d\"\n";
    assert_eq!(needed(manifest), ["b", "d"]);
    let found = complaints("a", manifest, "x/Cargo.lock", lock);
    assert!(found.len() == 1 && found[0].contains("needs d"), "{found:?}");
    assert!(complaints("z", manifest, "x/Cargo.lock", lock).is_empty());
}
