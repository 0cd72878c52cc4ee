//! A network as bad as it was asked to be, on the paused clock.
#![expect(clippy::disallowed_methods, reason = "a test has no node that owns its tasks")]

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

async fn pair(network: &MemoryNetwork) -> (Stream, Stream) {
    let mut door = network.transport("b").listen("b").await.unwrap();
    let here = network.transport("a").dial("b").await.unwrap();
    let there = door.accept().await.unwrap().opening.await.unwrap();
    (here, there)
}

async fn send(stream: &mut Stream, bytes: &[u8]) {
    stream.writer.write_all(bytes).await.unwrap();
}

async fn receive(stream: &mut Stream, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    stream.reader.read_exact(&mut bytes).await?;
    Ok(bytes)
}

#[tokio::test(start_paused = true)]
async fn bytes_take_as_long_as_they_should_and_keep_their_order() {
    let network = MemoryNetwork::new();
    let (mut here, mut there) = pair(&network).await;
    let began = crate::clock::now();
    let mut delays = [5, 1].into_iter();
    network.set_delay(move |from, to, _| match (from, to) {
        ("a", "b") => SECOND * delays.next().unwrap_or(0),
        _ => Duration::ZERO,
    });
    send(&mut here, b"slow").await;
    send(&mut here, b"fast").await;
    assert_eq!(receive(&mut there, 8).await.unwrap(), b"slowfast");
    assert_eq!(began.elapsed(), SECOND * 5);
}

#[tokio::test(start_paused = true)]
async fn silence_in_one_direction_leaves_the_other_open() {
    let network = MemoryNetwork::new();
    let (mut here, mut there) = pair(&network).await;
    network.silence("a", "b");
    send(&mut here, b"lost").await;
    send(&mut there, b"heard").await;
    assert_eq!(receive(&mut here, 5).await.unwrap(), b"heard");
    assert!(timeout(SECOND, receive(&mut there, 4)).await.is_err());
    assert!(timeout(SECOND, network.transport("a").dial("b")).await.is_err());
    network.unsilence("a", "b");
    assert_eq!(receive(&mut there, 4).await.unwrap(), b"lost");
}

#[tokio::test(start_paused = true)]
async fn a_silence_that_ends_wakes_who_reads_and_who_dials() {
    let network = MemoryNetwork::new();
    let (mut here, mut there) = pair(&network).await;
    let _door = network.transport("c").listen("c").await.unwrap();
    network.silence("a", "b");
    network.silence("c", "a");
    let reads = tokio::spawn(async move { receive(&mut there, 1).await.unwrap() });
    let a = network.transport("a");
    let dials = tokio::spawn(async move { a.dial("c").await.is_ok() });
    send(&mut here, b"!").await;
    tokio::time::sleep(SECOND).await;
    assert!(!reads.is_finished() && !dials.is_finished());
    network.unsilence("a", "b");
    network.unsilence("c", "a");
    assert_eq!(reads.await.unwrap(), b"!");
    assert!(dials.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_cut_connection_ends_on_both_sides() {
    let network = MemoryNetwork::new();
    let (mut here, mut there) = pair(&network).await;
    send(&mut here, b"lost").await;
    network.cut("b", "a");
    let reset = Some(io::ErrorKind::ConnectionReset);
    assert_eq!(receive(&mut there, 1).await.err().map(|why| why.kind()), reset);
    assert_eq!(receive(&mut here, 1).await.err().map(|why| why.kind()), reset);
    assert_eq!(here.writer.write(b"x").await.err().map(|why| why.kind()), reset);
}

#[tokio::test(start_paused = true)]
async fn an_orderly_end_comes_behind_what_was_written() {
    let network = MemoryNetwork::new();
    let (mut here, mut there) = pair(&network).await;
    network.set_delay(|_, _, _| SECOND);
    send(&mut here, b"last").await;
    drop(here);
    let mut bytes = Vec::new();
    there.reader.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes, b"last");
    let broken = there.writer.write(b"x").await.err().map(|why| why.kind());
    assert_eq!(broken, Some(io::ErrorKind::BrokenPipe));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_holds_up_the_writer() {
    let network = MemoryNetwork::new();
    network.set_pipe_bytes_max(10);
    let (mut here, mut there) = pair(&network).await;
    assert!(timeout(SECOND, here.writer.write_all(&[1; 25])).await.is_err());
    assert_eq!(receive(&mut there, 10).await.unwrap(), [1; 10]);
    let (sent, received) = tokio::join!(here.writer.write_all(&[2; 35]), receive(&mut there, 35));
    sent.unwrap();
    assert_eq!(received.unwrap(), [2; 35]);
}

#[tokio::test(start_paused = true)]
async fn an_address_is_taken_once_and_free_again() {
    let network = MemoryNetwork::new();
    let b = network.transport("b");
    let refused = b.dial("b").await.err().map(|why| why.kind());
    assert_eq!(refused, Some(io::ErrorKind::ConnectionRefused));
    let door = b.listen("b").await.unwrap();
    let taken = b.listen("b").await.err().map(|why| why.kind());
    assert_eq!(taken, Some(io::ErrorKind::AddrInUse));
    drop(door);
    assert!(b.listen("b").await.is_ok());
}
