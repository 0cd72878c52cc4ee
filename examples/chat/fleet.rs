//! The servers of this process: one, or several that are one network.

use actor_net::Secret;
use anyhow::Context as _;
use chat::Server;
use chat::config::Config;
use chat::network::peering::{Peering, Proof};
use futures_util::future::{join_all, select_all};

/// At least one server.
pub(crate) struct Fleet(Vec<Server>);

impl Fleet {
    /// One server.
    pub(crate) async fn one(config: Config) -> anyhow::Result<Self> {
        Ok(Self(vec![Server::start(config).await?]))
    }

    /// So many servers of one network, called after the name in `config`, and each one port further than the one before.
    pub(crate) async fn of(count: u16, config: Config) -> anyhow::Result<Self> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).context("no chance is to be had for a secret")?;
        let secret = Secret::new(&secret).context("a secret of 32 bytes")?;
        let mut fleet = Self(Vec::new());
        for at in 0..count {
            let mut peering = Peering::new("127.0.0.1:0", Proof::Secret(secret.clone()));
            peering
                .join
                .extend(fleet.0.first().and_then(|first| first.node_addr().map(str::to_owned)));
            let started = match nth(&config, at, peering) {
                Ok(config) => Server::start(config).await.map_err(Into::into),
                Err(error) => Err(error),
            };
            match started {
                Ok(server) => fleet.0.push(server),
                Err(error) => {
                    fleet.shutdown().await;
                    let which = format!(
                        "server {} of --cluster {count}, each of which takes the ports behind those of the one before",
                        at + 1
                    );
                    return Err(error.context(which));
                }
            }
        }
        Ok(fleet)
    }

    /// All of them.
    pub(crate) fn servers(&self) -> &[Server] {
        &self.0
    }

    /// Tells all clients, and stops.
    pub(crate) async fn shutdown(&self) {
        for report in join_all(self.0.iter().map(Server::shutdown)).await {
            tracing::info!(?report, "stopped");
        }
    }

    /// Resolves when one of them could not go on.
    pub(crate) async fn terminated(&self) -> String {
        let all = self.0.iter().map(|server| Box::pin(server.terminated()));
        let (reason, ..) = select_all(all).await;
        reason.to_string()
    }
}

/// The settings of one of several.
fn nth(config: &Config, at: u16, peering: Peering) -> anyhow::Result<Config> {
    let further = |address: Option<&String>| -> anyhow::Result<Option<String>> {
        let Some(address) = address else { return Ok(None) };
        let (host, port) = address
            .rsplit_once(':')
            .with_context(|| format!("{address}: there is no port in it"))?;
        let port: u16 = port.parse().with_context(|| format!("{address}: that is no port"))?;
        let port = if port == 0 { Some(0) } else { port.checked_add(at) };
        let port = port.with_context(|| format!("{address}: there are not so many ports behind it"))?;
        Ok(Some(format!("{host}:{port}")))
    };
    let mut config = config.clone();
    config.irc = further(config.irc.as_ref()).context("--irc")?;
    config.http = further(config.http.as_ref()).context("--http")?;
    if let Some(tls) = &mut config.tls {
        tls.address = further(Some(&tls.address)).context("--irc-tls")?.unwrap_or_default();
    }
    config.name = format!("{}.{}", char::from(b'a' + at as u8), config.name);
    config.peering = Some(peering);
    Ok(config)
}
