//! Where figures were taken: the machine, the compiler, the versions.

use std::process::Command;

use benches::measure::middle;

use crate::figures::Taken;

/// What can be said of figures that have just been taken.
pub(crate) fn taken(rounds: u32, size: f64, noise: &[f64]) -> Taken {
    let noise = (noise.len() > 1).then(|| middle(noise.to_vec()).spread());
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    Taken {
        machine: machine(),
        rustc: said(Command::new("rustc").arg("--version")),
        rounds,
        size,
        noise,
        load: load.split_whitespace().next().unwrap_or("?").to_owned(),
    }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("a processor without a name", |rest| {
        rest.trim_start_matches([' ', '\t', ':'])
    });
    let kernel = said(Command::new("uname").arg("-sr"));
    format!("{cores} cores, {model}, {kernel}")
}

fn said(command: &mut Command) -> String {
    let output = command.output();
    output.map_or_else(
        |_| "?".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

/// The version of a crate that this program is built with.
pub(crate) fn version(of: &str) -> &'static str {
    const LOCK: &str = include_str!("../Cargo.lock");
    let mark = format!("name = \"{of}\"\nversion = \"");
    let rest = LOCK.split_once(&mark).map_or("", |(_, rest)| rest);
    rest.split('"').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_framework_has_a_version() {
        for name in ["tokio", "kameo", "ractor", "actix", "xtra", "coerce"] {
            assert!(version(name).contains('.'), "{name}");
        }
    }
}
