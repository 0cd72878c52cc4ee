//! The program: reads the flags, starts a server, waits to be told to stop.

mod flags;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use chat::Server;
use clap::Parser;

use self::flags::Flags;

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
            // Each error tells its own cause.
            eprintln!("chat: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> anyhow::Result<ExitCode> {
    let observed = flags.observe.is_some();
    let server = Server::start(flags.into_config()?).await?;
    let show = |what: &str, scheme: &str, address: Option<SocketAddr>| {
        if let Some(address) = address {
            say(&format!("{what:<12}{scheme}{address}"));
        }
    };
    show("web page", "http://", server.http_addr());
    if let Some(address) = server.http_addr().filter(|_| observed) {
        say(&format!("{:<12}http://{address}/observer", "observer"));
    }
    show("IRC", "", server.irc_addr());
    show("IRC, TLS", "", server.tls_addr());
    say("Ctrl-C ends the server");
    tokio::select! {
        told = told_to_stop() => {
            told?;
            say("telling the clients, and stopping");
            let report = server.shutdown().await;
            tracing::info!(?report, "stopped");
            Ok(ExitCode::SUCCESS)
        }
        reason = server.terminated() => {
            eprintln!("chat: the server could not go on: {reason}");
            Ok(ExitCode::FAILURE)
        }
    }
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
