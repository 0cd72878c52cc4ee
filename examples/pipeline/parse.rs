//! Lines to orders.

use actor_core::prelude::*;

use crate::sink::ToSink;
use crate::source::LINE_BYTES_MAX;

/// An order for more is a mistake. Sums of these never overflow.
const CENTS_MAX: u64 = 1_000_000_000;

/// A line with its number, by which it is named from here on.
pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) number: u64,
    pub(crate) customer: String,
    pub(crate) cents: u64,
}

pub(crate) struct Parser {
    enrichers: Handle<Order>,
    sink: Handle<ToSink>,
}

impl Parser {
    pub(crate) fn new(enrichers: Handle<Order>, sink: Handle<ToSink>) -> Self {
        Self { enrichers, sink }
    }
}

impl Actor for Parser {
    type Msg = Line;

    async fn handle(&mut self, line: Line, _ctx: &mut Context<Line>) -> ActorResult {
        match parse(line.number, &line.text) {
            Ok(order) => self.enrichers.tell(order).await?,
            Err(why) => self.sink.tell(ToSink::Refused(line.number, why)).await?,
        }
        Ok(())
    }
}

/// Reads `customer,cents`.
pub(crate) fn parse(number: u64, text: &str) -> Result<Order, String> {
    if text.len() >= LINE_BYTES_MAX {
        return Err(format!("it is not shorter than {LINE_BYTES_MAX} bytes"));
    }
    let (customer, cents) = text.split_once(',').ok_or("there is no comma in it")?;
    if customer.is_empty() {
        return Err("it names no customer".to_owned());
    }
    let cents = cents.parse().ok().filter(|&cents| cents <= CENTS_MAX);
    Ok(Order {
        number,
        customer: customer.to_owned(),
        cents: cents.ok_or(format!("its cents are no number up to {CENTS_MAX}"))?,
    })
}
