//! A trace as other processes are told of it: W3C Trace Context.

use std::fmt;

use tracing::Span;

/// A longer `tracestate` is left out, as the standard allows from here on.
const STATE_BYTES_MAX: usize = 512;

/// The length of a `traceparent` of version 00, and of the beginning of any later one that says the same.
const PARENT_BYTES: usize = 55;

/// Which trace a message is part of, and which span of it has sent the message: what [W3C Trace Context](https://www.w3.org/TR/trace-context/)
/// calls `traceparent` and `tracestate`.
#[derive(Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    flags: u8,
    state: Box<str>,
}

impl TraceContext {
    /// Reads the two headers; an empty `state` is none. Returns `None` if `parent` is no valid `traceparent`.
    ///
    /// Of a version later than 00 it reads what 00 has. A `state` that is longer than 512 bytes or has other characters than printable ASCII is
    /// left out.
    pub fn parse(parent: &str, state: &str) -> Option<Self> {
        let bytes = parent.as_bytes();
        let is_whole = match (parent.get(..2)?, bytes.get(PARENT_BYTES)) {
            ("00", more) => more.is_none(),
            ("ff", _) => false,
            (_, more) => more.is_none_or(|&byte| byte == b'-'),
        };
        let dashes = [2, 35, 52].map(|at| bytes.get(at));
        if !is_whole || dashes != [Some(&b'-'); 3] {
            return None;
        }
        hex(parent.get(..2)?)?;
        let (trace, span) = (hex(parent.get(3..35)?)?, hex(parent.get(36..52)?)? as u64);
        let flags = hex(parent.get(53..PARENT_BYTES)?)? as u8;
        let is_fit = state.len() <= STATE_BYTES_MAX && state.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        (trace != 0 && span != 0).then(|| Self {
            trace,
            span,
            flags,
            state: if is_fit { state.into() } else { "".into() },
        })
    }

    /// The `traceparent`, of version 00.
    pub fn parent(&self) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }

    /// The `tracestate`; empty if there is none.
    pub fn state(&self) -> &str {
        &self.state
    }
}

/// A number in lower-case hexadecimal, as the standard has it.
fn hex(digits: &str) -> Option<u128> {
    let is_hex = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_hex.then(|| u128::from_str_radix(digits, 16).ok()).flatten()
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceContext({})", self.parent())
    }
}

/// Knows which trace a span is part of, for what is said between nodes: it asks whatever records the spans.
///
/// With `tracing-opentelemetry` both are a few lines, which the example `traced` has. A panic in it is logged, and the message goes without its
/// trace.
pub trait Propagator: Send + Sync + 'static {
    /// What other nodes are to know of a span. `None`: it is part of no trace.
    fn inject(&self, span: &Span) -> Option<TraceContext>;

    /// Makes a span, which has not been entered yet, a child of the one at another node.
    fn extract(&self, context: &TraceContext, span: &Span);
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_context_is_written_as_it_was_read() {
        let context = TraceContext::parse(PARENT, "a=1,b=2").expect("it is one");
        assert_eq!((&*context.parent(), context.state()), (PARENT, "a=1,b=2"));
    }

    #[test]
    fn of_a_later_version_is_read_what_is_known() {
        for more in ["", "-", "-and more"] {
            let later = format!("cc{}{more}", &PARENT[2..]);
            let context = TraceContext::parse(&later, "").expect("it may be one");
            assert_eq!(context.parent(), PARENT);
        }
    }

    #[test]
    fn what_is_no_context_is_none() {
        let zero = |from: usize, to: usize| format!("{}{}{}", &PARENT[..from], "0".repeat(to - from), &PARENT[to..]);
        let none = [
            String::new(),
            "00".to_owned(),
            PARENT[..54].to_owned(),
            format!("{PARENT}-"),
            format!("ff{}", &PARENT[2..]),
            format!("cc{}x", &PARENT[2..]),
            format!("+0{}", &PARENT[2..]),
            PARENT.to_uppercase(),
            PARENT.replace('-', "_"),
            PARENT.replace("-00f", "-+0f"),
            PARENT.replace("4b", "é"),
            zero(3, 35),
            zero(36, 52),
        ];
        for parent in none {
            assert_eq!(TraceContext::parse(&parent, ""), None, "{parent}");
        }
    }

    #[test]
    fn a_state_that_is_too_long_or_not_printable_is_left_out() {
        let long = "a".repeat(STATE_BYTES_MAX + 1);
        for (state, kept) in [(&*long, ""), ("a=\n", ""), ("a=é", ""), (&long[1..], &long[1..])] {
            let context = TraceContext::parse(PARENT, state).expect("it is one without its state");
            assert_eq!(context.state(), kept);
        }
    }
}
