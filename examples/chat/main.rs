//! The program: reads the flags, starts a server or several, waits to be told to stop.

mod flags;
mod fleet;
mod recorded;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use chat::Server;
use clap::Parser;

use self::flags::Flags;
use self::fleet::Fleet;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .with_writer(std::io::stderr)
        .init();
    match run(Flags::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("chat: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> anyhow::Result<ExitCode> {
    let observed = flags.observe.is_some();
    let count = flags.cluster;
    let mut config = flags.into_config()?;
    // Several servers of one process have one recorder between them, and would write over each other.
    let metered = observed && count.is_none();
    if metered {
        config.metrics = Some(recorded::install()?);
    }
    let fleet = match count {
        Some(count) => Fleet::of(count, config).await?,
        None => Fleet::one(config).await?,
    };
    for server in fleet.servers() {
        show(server, observed, metered);
    }
    say(if count.is_some() {
        "Ctrl-C ends the servers"
    } else {
        "Ctrl-C ends the server"
    });
    tokio::select! {
        told = told_to_stop() => {
            told?;
            say("telling the clients, and stopping");
            fleet.shutdown().await;
            Ok(ExitCode::SUCCESS)
        }
        reason = fleet.terminated() => {
            eprintln!("chat: the server could not go on: {reason}");
            Ok(ExitCode::FAILURE)
        }
    }
}

fn show(server: &Server, observed: bool, metered: bool) {
    if let Some(address) = server.node_addr() {
        say(&format!("{:<15}for other servers at {address}", server.name()));
    }
    let show = |what: &str, scheme: &str, address: Option<SocketAddr>| {
        if let Some(address) = address {
            say(&format!("{what:<15}{scheme}{address}"));
        }
    };
    show("web page", "http://", server.http_addr());
    if let Some(address) = server.http_addr().filter(|_| observed) {
        say(&format!("{:<15}http://{address}/observer", "observer"));
        if metered {
            say(&format!("{:<15}http://{address}/metrics", "metrics"));
        }
    }
    show("IRC", "", server.irc_addr());
    show("IRC, TLS", "", server.tls_addr());
}

/// Prints a line. Whoever read it may have gone since, which is no reason to end the server.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Resolves on Ctrl-C, or on the signal by which a service manager ends a program.
async fn told_to_stop() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            told = tokio::signal::ctrl_c() => told,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
