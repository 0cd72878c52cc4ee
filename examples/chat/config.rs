//! Everything that can be set about a server, each with its unit, its default and its bound.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::network::peering::Peering;

/// Bytes of a host as shown to others: room for an IPv6 address.
pub const HOST_BYTES_MAX: usize = 45;
/// Bytes that any of the free texts may have: a line with the longest names around it still holds them uncut.
const TEXT_BYTES_MAX: usize = 300;

/// A server's settings. The default listens on the loopback interface only.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address and port for IRC over TCP; port 0 takes a free one. Default `127.0.0.1:6667`.
    pub irc: Option<String>,
    /// Address and port for the web page and IRC over WebSocket. Default `127.0.0.1:8080`.
    pub http: Option<String>,
    /// IRC over TLS. Default none.
    pub tls: Option<Tls>,
    /// The server's name, as in `:name 001 nick`: no blanks. Default `chat.local`.
    pub name: String,
    /// The network's name, for people. Default `ActorChat`.
    pub network: String,
    /// Who runs the server and how to reach them, shown by ADMIN. Default empty.
    pub admin: String,
    /// What a client must send with PASS. Default none.
    pub password: Option<String>,
    /// A file with the message of the day; read once, at the start. To send it may take up to half of
    /// [`outbox_bytes_max`](Limits::outbox_bytes_max). Default none.
    pub motd: Option<PathBuf>,
    /// Whether the observer is at `/observer`. Who sits at this machine sees it, or behind a proxy on it; all others bring this
    /// word, and whoever wants to act. Empty is none. Default no.
    pub observe: Option<String>,
    /// What is at `/metrics` for those who see the observer. Default nothing.
    pub metrics: Option<Metrics>,
    /// Who may become an operator. Default nobody.
    pub operators: Vec<Operator>,
    /// Whether pages of other sites may connect by WebSocket. A browser would reach the server on its user's behalf
    /// from any page that is open in it. Default no.
    pub foreign_pages: bool,
    /// Its part in a network of several servers, whose name is that of the network. Default none: it is on its own.
    pub peering: Option<Peering>,
    /// What bounds each client and the whole.
    pub limits: Limits,
    /// Makes the commands `CRASH` and `CRASH #channel` exist, which make that actor panic, and `SLOW #channel MS`, by which it takes so long
    /// over everything.
    #[doc(hidden)]
    pub test_commands: bool,
}

/// What a recorder of metrics has to say, as text for who collects it. A program has one recorder, so that one server of it shows them.
#[derive(Clone)]
pub struct Metrics(Arc<dyn Fn() -> String + Send + Sync>);

impl Metrics {
    /// Those that `render` writes down.
    pub fn new(render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(render))
    }

    pub(crate) fn render(&self) -> String {
        (self.0)()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// Where TLS listens and with what.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Address and port; port 0 takes a free one.
    pub address: String,
    /// PEM file with the certificate chain, the server's own first.
    pub certificate: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
}

/// A name and password for OPER.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The first parameter of OPER.
    pub name: String,
    /// The argon2 hash of the second, in PHC form (`$argon2id$…`).
    pub hash: String,
}

/// Bounds. Each says its unit, default and range; what is outside is refused at the start.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at one time, registered or not. Default 10,000; 1 to 1,000,000.
    pub clients_max: usize,
    /// Connections at one time from one address. Default 64; 1 to 1,000,000.
    pub clients_per_address_max: usize,
    /// Whether [`clients_per_address_max`](Self::clients_per_address_max) holds for loopback addresses too. Default no:
    /// proxies and load tools come from there.
    pub loopback_limited: bool,
    /// HTTP connections at one time that are not (yet) a WebSocket. Default 1,024; 1 to 100,000.
    pub http_connections_max: usize,
    /// Bytes that may wait to be written to one client (its send queue); a client past it is disconnected.
    /// Default 1 MiB; 16 KiB to 1 GiB.
    pub outbox_bytes_max: usize,
    /// Bytes of one client that may wait to be handled, because they come faster than its rate; a client past it is
    /// disconnected for flooding. Default 32 KiB; 8 KiB to 16 MiB.
    pub input_bytes_max: usize,
    /// Lines that a client may send at once after a pause. Default 200; 1 to 100,000.
    pub lines_burst: u32,
    /// Lines each second that a client may send in the long run. Default 20; 1 to 100,000.
    pub lines_per_second: u32,
    /// Time for a connection to register, its TLS handshake included. Default 30 s; 1 s to 10 min.
    pub registration_timeout: Duration,
    /// Silence after which a client is asked for a sign of life. Default 90 s; 1 s to 1 h.
    pub ping_interval: Duration,
    /// Time for the answer. Default 60 s; 1 s to 1 h.
    pub ping_timeout: Duration,
    /// Time for a client that is let go to take what was written to it. Default 2 s; 100 ms to 30 s.
    pub farewell_timeout: Duration,
    /// Channels that one user may be in. Default 50; 1 to 10,000.
    pub channels_per_user_max: usize,
    /// Channels at one time. Default 10,000; 1 to 1,000,000.
    pub channels_max: usize,
    /// Masks on all lists of one channel together, and invitations that it remembers. Default 100; 1 to 10,000.
    pub masks_per_channel_max: usize,
    /// Nicks that one user may monitor. Default 100; 1 to 10,000.
    pub monitored_per_user_max: usize,
    /// Targets of one PRIVMSG, NOTICE, TAGMSG or KICK. Default 8; 1 to 100.
    pub targets_per_command_max: usize,
    /// Bytes of a topic, real name, away message, or the reason for a kick, part or quit; longer ones are cut.
    /// Default 300; 80 to 300, for a KICK with the longest names has no room for more.
    pub text_bytes_max: usize,
    /// Former nicks that WHOWAS remembers. Default 1,000; 1 to 1,000,000.
    pub whowas_max: usize,
    /// Messages in the mailbox of a room or of the directory; who sends to a full one waits. Default 1,024; 16 to 1,000,000.
    pub mailbox_messages_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            irc: Some("127.0.0.1:6667".to_owned()),
            http: Some("127.0.0.1:8080".to_owned()),
            tls: None,
            name: "chat.local".to_owned(),
            network: "ActorChat".to_owned(),
            admin: String::new(),
            password: None,
            motd: None,
            observe: None,
            metrics: None,
            operators: Vec::new(),
            foreign_pages: false,
            peering: None,
            limits: Limits::default(),
            test_commands: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            clients_max: 10_000,
            clients_per_address_max: 64,
            loopback_limited: false,
            http_connections_max: 1024,
            outbox_bytes_max: 1024 * 1024,
            input_bytes_max: 32 * 1024,
            lines_burst: 200,
            lines_per_second: 20,
            registration_timeout: Duration::from_secs(30),
            ping_interval: Duration::from_secs(90),
            ping_timeout: Duration::from_secs(60),
            farewell_timeout: Duration::from_secs(2),
            channels_per_user_max: 50,
            channels_max: 10_000,
            masks_per_channel_max: 100,
            monitored_per_user_max: 100,
            targets_per_command_max: 8,
            text_bytes_max: 300,
            whowas_max: 1000,
            mailbox_messages_max: 1024,
        }
    }
}

/// A setting that is out of its range.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{setting} is {given}, which is not {range}")]
pub struct OutOfRange {
    /// Which one.
    pub setting: &'static str,
    /// What was given.
    pub given: String,
    /// What would do.
    pub range: String,
}

impl Config {
    /// Checks names and bounds.
    ///
    /// # Errors
    /// [`OutOfRange`] names the first setting that will not do.
    pub fn check(&self) -> Result<(), OutOfRange> {
        let name_fits = |name: &str| {
            !name.is_empty()
                && name.len() <= 63
                && !name.starts_with(':')
                && name.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !name_fits(&self.name) {
            return Err(OutOfRange {
                setting: "name",
                given: format!("{:?}", self.name),
                range: "one word of at most 63 ASCII letters".to_owned(),
            });
        }
        if self.network.is_empty() || self.network.len() > 50 || self.network.chars().any(char::is_control) {
            return Err(OutOfRange {
                setting: "network",
                given: format!("{:?}", self.network),
                range: "a text of at most 50 bytes".to_owned(),
            });
        }
        // A client cannot send an empty one, nor one that does not fit a line.
        if let Some(password) = &self.password
            && (password.is_empty() || password.len() > 400 || password.chars().any(char::is_control))
        {
            return Err(OutOfRange {
                setting: "password",
                given: format!("a text of {} bytes", password.len()),
                range: "one line of 1 to 400 bytes".to_owned(),
            });
        }
        for operator in &self.operators {
            if !name_fits(&operator.name) {
                return Err(OutOfRange {
                    setting: "the name of an operator",
                    given: format!("{:?}", operator.name),
                    range: "one word of at most 63 ASCII letters".to_owned(),
                });
            }
        }
        if let Some(peering) = &self.peering {
            peering.check(&self.name)?;
        }
        self.limits.check()
    }
}

impl Limits {
    fn check(&self) -> Result<(), OutOfRange> {
        const KIB: usize = 1024;
        let counts = [
            ("clients-max", self.clients_max, 1, 1_000_000),
            ("clients-per-address-max", self.clients_per_address_max, 1, 1_000_000),
            ("http-connections-max", self.http_connections_max, 1, 100_000),
            ("outbox-bytes-max", self.outbox_bytes_max, 16 * KIB, KIB * KIB * KIB),
            ("input-bytes-max", self.input_bytes_max, 8 * KIB, 16 * KIB * KIB),
            ("lines-burst", self.lines_burst as usize, 1, 100_000),
            ("lines-per-second", self.lines_per_second as usize, 1, 100_000),
            ("channels-per-user-max", self.channels_per_user_max, 1, 10_000),
            ("channels-max", self.channels_max, 1, 1_000_000),
            ("masks-per-channel-max", self.masks_per_channel_max, 1, 10_000),
            ("monitored-per-user-max", self.monitored_per_user_max, 1, 10_000),
            ("targets-per-command-max", self.targets_per_command_max, 1, 100),
            ("text-bytes-max", self.text_bytes_max, 80, TEXT_BYTES_MAX),
            ("whowas-max", self.whowas_max, 1, 1_000_000),
            ("mailbox-messages-max", self.mailbox_messages_max, 16, 1_000_000),
        ];
        for (setting, given, min, max) in counts {
            if !(min..=max).contains(&given) {
                return Err(OutOfRange {
                    setting,
                    given: given.to_string(),
                    range: format!("between {min} and {max}"),
                });
            }
        }
        let spans = [
            ("registration-timeout", self.registration_timeout, 1.0, 600.0),
            ("ping-interval", self.ping_interval, 1.0, 3600.0),
            ("ping-timeout", self.ping_timeout, 1.0, 3600.0),
            ("farewell-timeout", self.farewell_timeout, 0.1, 30.0),
        ];
        for (setting, given, min, max) in spans {
            let given = given.as_secs_f64();
            if !(min..=max).contains(&given) {
                return Err(OutOfRange {
                    setting,
                    given: format!("{given} s"),
                    range: format!("between {min} s and {max} s"),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_own_bounds() {
        assert_eq!(Config::default().check(), Ok(()));
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let mut config = Config::default();
        config.limits.outbox_bytes_max = 5;
        assert_eq!(
            config.check().unwrap_err().to_string(),
            "outbox-bytes-max is 5, which is not between 16384 and 1073741824"
        );
        config.limits = Limits {
            ping_timeout: Duration::ZERO,
            ..Limits::default()
        };
        assert_eq!(
            config.check().unwrap_err().to_string(),
            "ping-timeout is 0 s, which is not between 1 s and 3600 s"
        );
        config.password = Some(String::new());
        assert_eq!(config.check().unwrap_err().setting, "password");
        config.name = "two words".to_owned();
        assert_eq!(config.check().unwrap_err().setting, "name");
    }
}
