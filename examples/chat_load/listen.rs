//! The ears of one client: every line that comes in is timed and counted where it lies.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;

use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;

use crate::Run;
use crate::line::{self, Line};

/// Listens for client `number` until its connection ends.
pub(crate) async fn until_closed(run: Rc<Run>, number: usize, mut ears: OwnedReadHalf, mut rest: Vec<u8>) {
    loop {
        match read_once(&run, number, &mut ears, &mut rest).await {
            Ok(0) => break farewell(&run, "the server closed the connection"),
            Ok(_) => {}
            Err(why) => break farewell(&run, &why.to_string()),
        }
    }
    run.leave(number);
}

/// Reads what is there into the buffer that all clients share, behind the `rest` of the last line.
///
/// The buffer is borrowed within one poll only; between two reads a client holds no more than half a line.
async fn read_once(run: &Run, number: usize, ears: &mut OwnedReadHalf, rest: &mut Vec<u8>) -> io::Result<usize> {
    poll_fn(|task| {
        let mut buffer = run.buffer.borrow_mut();
        buffer[..rest.len()].copy_from_slice(rest);
        let mut space = ReadBuf::new(&mut buffer);
        space.advance(rest.len());
        std::task::ready!(Pin::new(&mut *ears).poll_read(task, &mut space))?;
        let count = space.filled().len() - rest.len();
        let now_micros = run.began.elapsed().as_micros() as u64;
        let bytes = space.filled();
        let mut begin = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            take(
                run,
                number,
                bytes[begin..end].strip_suffix(b"\r").unwrap_or(&bytes[begin..end]),
                now_micros,
            );
            begin = end + 1;
        }
        rest.clear();
        rest.extend_from_slice(&bytes[begin..]);
        std::task::Poll::Ready(Ok(count))
    })
    .await
}

fn take(run: &Run, number: usize, line: &[u8], now_micros: u64) {
    match line::read(line) {
        Line::Delivery(delivery) => run.tally.borrow_mut().hear(number, &delivery, now_micros),
        Line::Ping(token) => run.pings.borrow_mut().push((number, token.to_vec())),
        Line::Error(_) => farewell(run, &String::from_utf8_lossy(line)),
        Line::Other => {}
    }
}

/// Keeps the first reason: those that follow are mostly its consequences.
fn farewell(run: &Run, why: &str) {
    run.farewell.borrow_mut().get_or_insert_with(|| why.to_owned());
}
