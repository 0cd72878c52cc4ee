//! Runs one command of a chore in sight of the reader: what runs, how long it took, how it ended.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// How a chore ends: an error is a sentence for a person, with the way out.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// The folder of the workspace, wherever cargo was called.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// The cargo that runs this program, so that a `+toolchain` is kept.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs `command` with its output shown, and fails when it fails.
pub(crate) fn show(command: &mut Command) -> Outcome {
    show_or(command, 0)
}

/// The same, where the exit code `also_well` is no failure either.
pub(crate) fn show_or(command: &mut Command, also_well: i32) -> Outcome {
    let line = spelled(command);
    if std::io::stderr().is_terminal() {
        eprintln!("\n\x1b[1m› {line}\x1b[0m");
    } else {
        eprintln!("\n› {line}");
    }
    let begun = Instant::now();
    let status = command
        .status()
        .map_err(|why| format!("`{line}` cannot be started: {why}"))?;
    let took = begun.elapsed().as_secs_f32();
    if status.success() || status.code() == Some(also_well) {
        eprintln!("  ({took:.1} s)");
        return Ok(());
    }
    Err(format!(
        "`{line}` failed after {took:.1} s ({status}); its own words are above"
    ))
}

/// What `command` prints, or `None` when it cannot be run or fails.
pub(crate) fn read(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn spelled(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let mut words = vec![program.to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}
