//! The other process, and what leads there.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use actor_core::prelude::*;
use actor_net::transport::{Tls, TlsFiles, development_certificates};
use actor_net::{Node, Security};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use super::ours::{Msg, Sink};
use super::{Ends, framed, inline, tasks};

const TLS_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// The second process, while it is needed.
pub(super) struct There {
    child: Child,
    /// Where its nodes and its sockets are, in the order of [`serve`].
    addresses: Vec<String>,
    certificates: TlsFiles,
    folder: std::path::PathBuf,
}

impl There {
    pub(super) fn start() -> Result<Self, String> {
        let words = |why: std::io::Error| why.to_string();
        let folder = std::env::temp_dir().join(format!("actor-benches-{}", std::process::id()));
        let made = development_certificates(&folder, &["here", "there"]).map_err(words)?;
        let [certificates, _] = <[TlsFiles; 2]>::try_from(made).map_err(|_| "two nodes have two certificates")?;
        let program = std::env::current_exe().map_err(words)?;
        let mut child = Command::new(program)
            .arg("--serve")
            .arg(&folder)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(words)?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or("it has no output")?;
        BufReader::new(stdout).read_line(&mut line).map_err(words)?;
        let addresses = line.split_whitespace().map(str::to_owned).collect();
        Ok(Self {
            child,
            addresses,
            certificates,
            folder,
        })
    }

    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Connects to all that is there. The nodes are there for as long as what is returned with the ends.
    pub(super) fn connect(&self, runtime: &Runtime) -> Result<(Ends, [Node; 2]), String> {
        let [plain, over_tls, inline, framed, tasks] = &self.addresses[..] else {
            return Err("the second process did not start".to_owned());
        };
        let tls = Tls::new(self.certificates.clone(), TLS_TIMEOUT).map_err(|why| why.to_string())?;
        runtime.block_on(async {
            let (node, sink, echo) = join(Security::insecure(), plain).await?;
            let (tls_node, sink_over_tls, _) = join(Security::tls(tls), over_tls).await?;
            let ends = Ends {
                sink,
                echo,
                sink_over_tls,
                inline: inline.clone(),
                framed: framed.clone(),
                tasks: tasks.clone(),
            };
            Ok((ends, [node, tls_node]))
        })
    }
}

impl Drop for There {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn join(security: Security, there: &str) -> Result<(Node, Handle<Msg>, Handle<Msg>), String> {
    let system = System::new("here");
    let node = Node::builder(&system)
        .name("here")
        .security(security)
        .peer("there", there);
    let node = node.start().await.map_err(|why| why.to_string())?;
    let sink = node.lookup("sink@there").await.map_err(|why| why.to_string())?;
    let echo = node.lookup("echo@there").await.map_err(|why| why.to_string())?;
    Ok((node, sink, echo))
}

/// Prints where its nodes and its sockets are, and serves until it is killed.
pub(super) async fn serve(folder: &Path) -> Result<(), String> {
    let words = |why: std::io::Error| why.to_string();
    let files = TlsFiles {
        certificate: folder.join("there.pem"),
        key: folder.join("there.key"),
        authorities: folder.join("authority.pem"),
    };
    let tls = Tls::new(files, TLS_TIMEOUT).map_err(|why| why.to_string())?;
    let plain = node(Security::insecure()).await?;
    let over_tls = node(Security::tls(tls)).await?;
    let by_inline = TcpListener::bind("127.0.0.1:0").await.map_err(words)?;
    let by_framed = TcpListener::bind("127.0.0.1:0").await.map_err(words)?;
    let by_tasks = TcpListener::bind("127.0.0.1:0").await.map_err(words)?;
    println!(
        "{} {} {} {} {}",
        plain.address().unwrap_or_default(),
        over_tls.address().unwrap_or_default(),
        by_inline.local_addr().map_err(words)?,
        by_framed.local_addr().map_err(words)?,
        by_tasks.local_addr().map_err(words)?
    );
    tokio::spawn(accept(by_inline, inline::serve));
    tokio::spawn(accept(by_framed, framed::serve));
    accept(by_tasks, tasks::serve).await
}

async fn node(security: Security) -> Result<Node, String> {
    let system = System::new("there");
    let node = Node::builder(&system)
        .name("there")
        .listen("127.0.0.1:0")
        .security(security);
    let node = node.start().await.map_err(|why| why.to_string())?;
    for name in ["sink", "echo"] {
        let actor = system.spawn(name, || Sink).map_err(|why| why.to_string())?;
        node.expose(name, &actor).map_err(|why| why.to_string())?;
    }
    Ok(node)
}

async fn accept<F>(listener: TcpListener, serve: fn(TcpStream) -> F) -> Result<(), String>
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    loop {
        let (socket, _) = listener.accept().await.map_err(|why| why.to_string())?;
        // It ends when the other side goes.
        tokio::spawn(serve(socket));
    }
}
