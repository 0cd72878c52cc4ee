//! Promises about what a message between nodes costs.

use std::sync::mpsc;
use std::thread;

use actor_core::prelude::*;
use actor_net::{Codec, Node, Security};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

const MESSAGES: u64 = 20_000;

/// Without memory of its own.
#[derive(Serialize, Deserialize)]
enum Post {
    Number(u64),
    /// All before it have come.
    Mark(Reply<u64>),
}

/// Counts, and says so at each mark.
struct Counter {
    count: u64,
    marked: tokio::sync::mpsc::UnboundedSender<()>,
}

impl Actor for Counter {
    type Msg = Post;

    async fn handle(&mut self, post: Post, _ctx: &mut Context<Post>) -> ActorResult {
        match post {
            Post::Number(_) => self.count += 1,
            Post::Mark(reply) => {
                reply.send(self.count);
                self.marked.send(()).expect("the test waits for it");
            }
        }
        Ok(())
    }
}

fn on_this_thread() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime on this thread")
}

/// Counts what is allocated on this thread, which is the only one that the runtime has.
fn allocations(runtime: &Runtime, work: impl Future<Output = ()>) -> u64 {
    allocation_counter::measure(|| runtime.block_on(work)).count_total
}

/// Where the messages come; says where that is, and how much was allocated between the first mark and the second.
fn receive(address: &mpsc::Sender<String>) -> u64 {
    let runtime = on_this_thread();
    let (marked, mut marks) = tokio::sync::mpsc::unbounded_channel();
    let _node = runtime.block_on(async {
        let system = System::new("b");
        let make = move || Counter {
            count: 0,
            marked: marked.clone(),
        };
        let counter = system.spawn("counter", make).expect("the name is free");
        let node = Node::builder(&system)
            .name("b")
            .listen("127.0.0.1:0")
            .security(Security::insecure());
        let node = node.start().await.expect("a port is free");
        node.expose("counter", &counter).expect("the name is free");
        address
            .send(node.address().expect("it listens").to_owned())
            .expect("the test waits for it");
        node
    });
    let mut until_marked = async || marks.recv().await.expect("the counter lives");
    runtime.block_on(until_marked());
    let counted = allocations(&runtime, until_marked());
    // The answer to the last mark goes out.
    runtime.block_on(until_marked());
    counted
}

#[test]
fn a_message_to_another_node_takes_no_memory_on_either_side() {
    Codec::ALL.into_iter().for_each(takes_no_memory);
}

fn takes_no_memory(codec: Codec) {
    let (sender, address) = mpsc::channel();
    let receiving = thread::spawn(move || receive(&sender));
    let address = address.recv().expect("the other node starts");
    let runtime = on_this_thread();
    let (_node, far) = runtime.block_on(async {
        let node = Node::builder(&System::new("a"))
            .name("a")
            .security(Security::insecure())
            .codec(codec)
            .peer("b", address);
        let node = node.start().await.expect("it needs no port");
        let far: Handle<Post> = node.lookup("counter@b").await.expect("it is exposed");
        (node, far)
    });
    let tell_all = async || {
        for number in 0..MESSAGES {
            far.tell(Post::Number(number)).await.expect("it lives");
        }
    };
    let mark = async || far.ask(Post::Mark).await.expect("it answers");
    runtime.block_on(async {
        tell_all().await;
        assert_eq!(mark().await, MESSAGES);
    });
    let sent = allocations(&runtime, tell_all());
    let came = runtime.block_on(async {
        assert_eq!(mark().await, 2 * MESSAGES);
        let (last, _nobody_waits) = Reply::pair();
        far.tell(Post::Mark(last)).await.expect("it lives");
        tokio::task::spawn_blocking(|| receiving.join()).await
    });
    let came = came.expect("it is waited for").expect("the other side ends");
    // One who waits for room needs some, and so does what finds its actor's mailbox full.
    assert!(
        sent < MESSAGES / 100,
        "{codec}: {sent} allocations for {MESSAGES} messages that were sent"
    );
    assert!(
        came < MESSAGES / 10,
        "{codec}: {came} allocations for {MESSAGES} messages that came"
    );
}
