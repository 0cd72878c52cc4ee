//! What a run can be told on the command line.

use std::net::SocketAddr;

use clap::Parser;

use crate::AFTERMATH;

/// Measures a chat server: many clients talk in rooms, every delivery is timed, and nothing may be lost or reordered.
#[derive(Parser, Clone)]
#[command(
    after_help = "Ends with status 1 when a message was lost, doubled or out of order, or a client was thrown out.\n\
    Latency runs from the moment a line is handed to the sender's socket to the moment its receiver has read it."
)]
pub(crate) struct Flags {
    /// Where the server listens; several, if they are one network: the clients are spread over all of them
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:6667")]
    pub(crate) server: Vec<SocketAddr>,

    /// So many servers of one network, on neighbouring ports of --server
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=16))]
    pub(crate) cluster: Option<u16>,

    /// Start the chat server of this project at each of these addresses, and end it afterwards
    #[arg(long)]
    pub(crate) start: bool,

    /// Kill one of the servers that were started (as kill -9 does) every so many seconds, and start it again
    #[arg(long, value_name = "SECONDS", requires = "start")]
    pub(crate) kill_every: Option<u64>,

    /// Connections, each of which sits in one room
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub(crate) clients: usize,

    /// Rooms, over which the clients are spread evenly
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) rooms: usize,

    /// Messages a second from each client; everybody else in its room receives each of them
    #[arg(long, value_name = "N", default_value_t = 5.0)]
    pub(crate) rate: f64,

    /// How long the clients talk
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) seconds: u64,

    /// Bytes of each message's text
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(crate) bytes: usize,

    /// Server process whose memory is read (found by itself on Linux, when the server is on this machine and yours)
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Option<u32>,

    /// Connections which are opened at once while the clients join
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(crate) at_once: usize,
}

impl Flags {
    /// Where all servers listen.
    pub(crate) fn servers(&self) -> Vec<SocketAddr> {
        let count = self.cluster.unwrap_or(1);
        let neighbours = |first: &SocketAddr| {
            let first = *first;
            (0..count).map(move |at| SocketAddr::new(first.ip(), first.port().saturating_add(at)))
        };
        self.server.iter().flat_map(neighbours).collect()
    }

    /// Refuses what cannot be measured.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.rooms > 0, "--rooms 0 leaves nowhere to talk: say at least 1");
        anyhow::ensure!(
            self.clients >= 2 * self.rooms,
            "{} clients in {} rooms leave some room with nobody to listen: say --clients {} or more",
            self.clients,
            self.rooms,
            2 * self.rooms
        );
        anyhow::ensure!(
            self.rate.is_finite() && self.rate > 0.0 && self.seconds > 0 && self.at_once > 0,
            "--rate, --seconds and --at-once must be above zero"
        );
        anyhow::ensure!(
            self.kill_every != Some(0) && (self.kill_every.is_none() || self.servers().len() > 1),
            "--kill-every wants a second or more, and another server for the clients of the one that is killed: say --cluster 3"
        );
        anyhow::ensure!(
            self.kill_every
                .is_none_or(|every| every.saturating_add(AFTERMATH.as_secs()) < self.seconds),
            "in {} s nobody would be killed: the last {AFTERMATH:?} are for coming back, so say more --seconds than these and \
             --kill-every together",
            self.seconds
        );
        anyhow::ensure!(
            (48..=400).contains(&self.bytes),
            "--bytes {}: a text carries its number and its time (48), and an IRC line ends at 512 bytes (400)",
            self.bytes
        );
        Ok(())
    }

    pub(crate) fn room_of(&self, client: usize) -> usize {
        client % self.rooms
    }
}

/// The nick of a client, from which nothing is ever parsed back.
pub(crate) fn nick(client: usize) -> String {
    format!("load{client}")
}

pub(crate) fn room_name(room: usize) -> String {
    format!("#load{room}")
}
