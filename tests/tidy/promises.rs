//! The tie between GUARANTEES.md and the tests: a promise ends with the names of the tests that hold it.

use super::source::{Source, words};

/// Every promise of `guarantees` which names no test, or one that is not among `tests`.
pub(super) fn complaints(guarantees: &str, tests: &[Source]) -> Vec<String> {
    let promises = promises(guarantees);
    let mut complaints = Vec::new();
    if promises.is_empty() {
        complaints.push("GUARANTEES.md holds no line that begins with `- `".to_owned());
    }
    for promise in promises {
        let named = named_tests(&promise);
        if named.is_empty() {
            complaints.push(format!("no `module::test` at the end of: {promise}"));
        }
        for name in named {
            if !exists(name, tests) {
                complaints.push(format!("there is no test `{name}`, which should hold: {promise}"));
            }
        }
    }
    complaints
}

/// Files directly in `tests/` which `tests/main.rs` does not name.
pub(super) fn strays(tests: &[Source]) -> Vec<String> {
    let main = tests
        .iter()
        .find(|file| file.path == "tests/main.rs")
        .expect("tests/main.rs exists");
    let mut strays = Vec::new();
    for file in tests {
        let Some(name) = file
            .path
            .strip_prefix("tests/")
            .and_then(|name| name.strip_suffix(".rs"))
        else {
            continue;
        };
        let named = words(&main.code, name).any(|at| main.code[..at].ends_with("mod "));
        if !name.contains('/') && name != "main" && !named {
            strays.push(format!("{}: `mod {name};` is missing", file.path));
        }
    }
    strays
}

/// The list items of a Markdown text, each on one line.
fn promises(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut within = false;
    for line in text.lines() {
        if let Some(begin) = line.strip_prefix("- ") {
            found.push(begin.trim().to_owned());
            within = true;
        } else if line.starts_with("  ") && within {
            let promise = found.last_mut().expect("within one");
            promise.push(' ');
            promise.push_str(line.trim());
        } else {
            within = false;
        }
    }
    found
}

/// The names in backticks at the very end, of which there may be several.
fn named_tests(promise: &str) -> Vec<&str> {
    let mut named = Vec::new();
    let mut rest = promise;
    loop {
        rest = rest.trim_end_matches([' ', ',', '.', ')', ']']);
        let Some(begin) = rest.strip_suffix('`') else {
            return named;
        };
        let Some((before, name)) = begin.rsplit_once('`') else {
            return named;
        };
        let snake = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b':';
        if !name.contains("::") || !name.bytes().all(snake) {
            return named;
        }
        named.push(name);
        rest = before;
    }
}

/// `room::promise` lies in `tests/room.rs` or below `tests/room/`, and `kit::room::promise` in the tests of the kit.
fn exists(name: &str, tests: &[Source]) -> bool {
    let Some((module, function)) = name.rsplit_once("::") else {
        return false;
    };
    let module = module.replace("::", "/");
    let (file, folder) = (format!("tests/{module}.rs"), format!("tests/{module}/"));
    tests
        .iter()
        .filter(|test| {
            let path = test.path.find("tests/").map_or(&*test.path, |at| &test.path[at..]);
            path == file || path.starts_with(&folder)
        })
        .any(|test| words(&test.code, function).any(|at| test.code[..at].ends_with("fn ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests() -> Vec<Source> {
        vec![
            Source::new("tests/main.rs", "mod delivery;"),
            Source::new("tests/delivery.rs", "#[test] fn order_is_kept() {}"),
            Source::new("tests/stopping/kill.rs", "async fn a_kill_is_heard() {}"),
        ]
    }

    #[test]
    fn a_promise_that_names_its_tests_holds() {
        let text = "# Head\nprose\n- Order is\n  kept. `delivery::order_is_kept`\n- A `tokio::spawn` is\n  heard (`stopping::a_kill_is_heard`, `stopping::kill::a_kill_is_heard`).\n";
        assert_eq!(complaints(text, &tests()), Vec::<String>::new());
    }

    #[test]
    fn a_promise_without_a_test_or_with_a_wrong_one_is_caught() {
        for text in [
            "- Order is kept.",
            "- Order. `Handle::tell`",
            "- Order. `delivery::order`",
            "- `a::b` is kept.",
            "",
        ] {
            assert_eq!(complaints(text, &tests()).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_file_that_never_runs_is_caught() {
        assert!(strays(&tests()).is_empty());
        let mut tests = tests();
        tests.push(Source::new("tests/deliver.rs", ""));
        assert_eq!(strays(&tests).len(), 1);
    }
}
