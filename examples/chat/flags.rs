//! The command line, and the settings that it makes.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use chat::config::{Config, Limits, Operator, Tls};
use chat::network::peering::{Peering, Proof};
use clap::Parser;

/// A chat server for IRC clients and the browser.
///
/// Without any flag it listens on this machine only: open the page that it names, or point an IRC client at the port.
#[derive(Debug, Parser)]
#[command(
    name = "chat",
    version,
    after_help = "\
Examples:
  chat                                          for yourself: http://127.0.0.1:8080 and 127.0.0.1:6667
  chat --irc 0.0.0.0:6667 --http 0.0.0.0:8080   for everybody in your network
  chat --irc-tls 0.0.0.0:6697 --tls-cert chain.pem --tls-key key.pem
  chat --cluster 3                              three servers that are one network, to try it out
  chat --name b.chat --irc 127.0.0.1:6668 --http 127.0.0.1:8081 --node 127.0.0.1:7001 --join 127.0.0.1:7000 --secret-file FILE
  chat --oper 'ann:$argon2id$v=19$...'          the hash is made by: printf %s PASSWORD | argon2 SALT -id -e"
)]
pub(crate) struct Flags {
    /// Address and port for IRC over TCP, or `off`
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:6667")]
    irc: String,
    /// Address and port for the web page and IRC over WebSocket (at /irc), or `off`
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    http: String,
    /// Address and port for IRC over TLS
    #[arg(long, value_name = "ADDR", requires_all = ["tls_cert", "tls_key"])]
    irc_tls: Option<String>,
    /// PEM file with the certificate chain for --irc-tls, and with --tls-ca for other servers
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// PEM file with the private key for that
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The server's name in the protocol, one word; in a network of servers each has its own
    #[arg(long, value_name = "SERVER", default_value = "chat.local")]
    name: String,
    /// The network's name, for people
    #[arg(long, value_name = "NAME", default_value = "ActorChat")]
    network: String,
    /// Who runs the server and how to reach them, shown by ADMIN
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    admin: String,
    /// A password that every client must send (PASS)
    #[arg(long, value_name = "WORD")]
    password: Option<String>,
    /// A text file with the message of the day
    #[arg(long, value_name = "FILE")]
    motd: Option<PathBuf>,
    /// Show the actors at /observer: to this machine, and to those who have the token, which it takes to act, too
    #[arg(long, value_name = "TOKEN", num_args = 0..=1, require_equals = true)]
    pub(crate) observe: Option<Option<String>>,
    /// Let clients have commands that make actors fail and rooms slow
    #[arg(long, hide = true)]
    test_commands: bool,
    /// Somebody who may become operator, with the argon2 hash of the password; may be given several times
    #[arg(long, value_name = "NAME:ARGON2HASH")]
    oper: Vec<String>,
    /// Let pages of other sites connect by WebSocket
    #[arg(long)]
    foreign_pages: bool,

    /// Start so many servers in this process that are one network, on neighbouring ports [2 to 16]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(2..=16), conflicts_with = "node",
        help_heading = "Network")]
    pub(crate) cluster: Option<u16>,
    /// Address and port where other servers of the network reach this one
    #[arg(long, value_name = "ADDR", help_heading = "Network")]
    node: Option<String>,
    /// Where another server of the network is, as given to its --node; may be given several times. The first server joins none
    #[arg(long, value_name = "HOST:PORT", requires = "node", help_heading = "Network")]
    join: Vec<String>,
    /// A file with at least 16 random bytes, the same for all servers, by which they know each other
    #[arg(
        long,
        value_name = "FILE",
        requires = "node",
        conflicts_with = "tls_ca",
        help_heading = "Network"
    )]
    secret_file: Option<PathBuf>,
    /// PEM file with the authority that signed the certificates of all servers, by which they know each other
    #[arg(long, value_name = "FILE", requires_all = ["node", "tls_cert"], help_heading = "Network")]
    tls_ca: Option<PathBuf>,
    /// Where other servers reach this one, if that is not what --node says
    #[arg(long, value_name = "HOST:PORT", requires = "node", help_heading = "Network")]
    advertise: Option<String>,
    /// Where browsers reach the page, if that is not what --http says
    #[arg(long, value_name = "URL", help_heading = "Network")]
    page: Option<String>,

    /// Connections at one time [1 to 1000000]
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().clients_max, help_heading = "Limits")]
    clients_max: usize,
    /// Connections at one time from one address; loopback is exempt by default [1 to 1000000]
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().clients_per_address_max, help_heading = "Limits")]
    clients_per_address_max: usize,
    /// Limit connections from loopback addresses like all others
    #[arg(long, help_heading = "Limits")]
    loopback_limited: bool,
    /// HTTP connections at one time that are no WebSocket [1 to 100000]
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().http_connections_max, help_heading = "Limits")]
    http_connections_max: usize,
    /// Bytes that may wait to be sent to one client before it is disconnected [16384 to 1073741824]
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().outbox_bytes_max, help_heading = "Limits")]
    outbox_bytes_max: usize,
    /// Bytes of one client that may wait because it is too fast, before it is disconnected [8192 to 16777216]
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().input_bytes_max, help_heading = "Limits")]
    input_bytes_max: usize,
    /// Lines that a client may send at once after a pause [1 to 100000]
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().lines_burst, help_heading = "Limits")]
    lines_burst: u32,
    /// Lines each second that a client may send in the long run [1 to 100000]
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().lines_per_second, help_heading = "Limits")]
    lines_per_second: u32,
    /// Seconds for a connection to register [1 to 600]
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().registration_timeout.as_secs(), help_heading = "Limits")]
    registration_timeout: u64,
    /// Seconds of silence after which a client is asked for a sign of life [1 to 3600]
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().ping_interval.as_secs(), help_heading = "Limits")]
    ping_interval: u64,
    /// Seconds for the answer to that [1 to 3600]
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().ping_timeout.as_secs(), help_heading = "Limits")]
    ping_timeout: u64,
    /// Seconds for a client that is let go to take its last lines [1 to 30]
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().farewell_timeout.as_secs(), help_heading = "Limits")]
    farewell_timeout: u64,
    /// Channels that one user may be in [1 to 10000]
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().channels_per_user_max, help_heading = "Limits")]
    channels_per_user_max: usize,
    /// Channels at one time [1 to 1000000]
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().channels_max, help_heading = "Limits")]
    channels_max: usize,
    /// Bans, exceptions and invitations of one channel together [1 to 10000]
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().masks_per_channel_max, help_heading = "Limits")]
    masks_per_channel_max: usize,
    /// Nicks that one user may MONITOR [1 to 10000]
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().monitored_per_user_max, help_heading = "Limits")]
    monitored_per_user_max: usize,
    /// Targets of one PRIVMSG, NOTICE, TAGMSG or KICK [1 to 100]
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().targets_per_command_max, help_heading = "Limits")]
    targets_per_command_max: usize,
    /// Bytes of a topic, real name, away message or reason; longer ones are cut [80 to 300]
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().text_bytes_max, help_heading = "Limits")]
    text_bytes_max: usize,
    /// Former nicks that WHOWAS remembers [1 to 1000000]
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().whowas_max, help_heading = "Limits")]
    whowas_max: usize,
    /// Messages that may wait in the mailbox of a room or of the directory [16 to 1000000]
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().mailbox_messages_max, help_heading = "Limits")]
    mailbox_messages_max: usize,
}

impl Flags {
    /// The settings. Their ranges are checked when the server starts.
    pub(crate) fn into_config(self) -> anyhow::Result<Config> {
        let peering = self.peering()?;
        if self.tls_cert.is_some() && self.irc_tls.is_none() && self.tls_ca.is_none() {
            bail!("--tls-cert is for --irc-tls or, with --tls-ca, for other servers: give one of these, too");
        }
        let on = |address: String| (address != "off").then_some(address);
        let tls = match (self.irc_tls, self.tls_cert, self.tls_key) {
            (Some(address), Some(certificate), Some(key)) => Some(Tls {
                address,
                certificate,
                key,
            }),
            _ => None,
        };
        let (irc, http) = (on(self.irc), on(self.http));
        if irc.is_none() && http.is_none() && tls.is_none() {
            bail!("with --irc off and --http off nobody could connect; leave one of them on, or give --irc-tls");
        }
        let operators = self
            .oper
            .iter()
            .map(|text| operator(text))
            .collect::<anyhow::Result<_>>()?;
        Ok(Config {
            irc,
            http,
            tls,
            name: self.name,
            network: self.network,
            admin: self.admin,
            password: self.password,
            motd: self.motd,
            observe: self.observe.map(Option::unwrap_or_default),
            operators,
            test_commands: self.test_commands,
            foreign_pages: self.foreign_pages,
            peering,
            limits: Limits {
                clients_max: self.clients_max,
                clients_per_address_max: self.clients_per_address_max,
                http_connections_max: self.http_connections_max,
                outbox_bytes_max: self.outbox_bytes_max,
                input_bytes_max: self.input_bytes_max,
                lines_burst: self.lines_burst,
                lines_per_second: self.lines_per_second,
                registration_timeout: Duration::from_secs(self.registration_timeout),
                ping_interval: Duration::from_secs(self.ping_interval),
                ping_timeout: Duration::from_secs(self.ping_timeout),
                channels_per_user_max: self.channels_per_user_max,
                channels_max: self.channels_max,
                masks_per_channel_max: self.masks_per_channel_max,
                monitored_per_user_max: self.monitored_per_user_max,
                targets_per_command_max: self.targets_per_command_max,
                text_bytes_max: self.text_bytes_max,
                whowas_max: self.whowas_max,
                mailbox_messages_max: self.mailbox_messages_max,
                loopback_limited: self.loopback_limited,
                farewell_timeout: Duration::from_secs(self.farewell_timeout),
            },
            ..Config::default()
        })
    }
}

impl Flags {
    fn peering(&self) -> anyhow::Result<Option<Peering>> {
        let Some(node) = &self.node else { return Ok(None) };
        let proof = match (&self.secret_file, &self.tls_ca, &self.tls_cert, &self.tls_key) {
            (Some(file), ..) => Proof::SecretFile(file.clone()),
            (None, Some(authority), Some(certificate), Some(key)) => Proof::Tls {
                certificate: certificate.clone(),
                key: key.clone(),
                authority: authority.clone(),
            },
            _ => bail!(
                "--node: anybody could be a server of your network; give --secret-file, or --tls-ca with --tls-cert and --tls-key"
            ),
        };
        if self.name == Config::default().name {
            bail!("--node: each server of a network has a name of its own; give one by --name, such as a.chat");
        }
        let mut peering = Peering::new(node, proof);
        peering.join.clone_from(&self.join);
        peering.advertise.clone_from(&self.advertise);
        peering.page.clone_from(&self.page);
        Ok(Some(peering))
    }
}

fn operator(text: &str) -> anyhow::Result<Operator> {
    let (name, hash) = text
        .split_once(':')
        .with_context(|| format!("--oper {text}: there is no colon in it; give NAME:ARGON2HASH, in single quotes"))?;
    Ok(Operator {
        name: name.to_owned(),
        hash: hash.to_owned(),
    })
}
