//! A number for the shape of a type, by which two builds find out that they mean different things by one name.

mod shapes;
mod tracer;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::de::DeserializeOwned;

use shapes::Shapes;
use tracer::Tracer;

/// The shape of a type as serde shows it: kinds of primitives, names of fields and variants, and what holds what.
///
/// Equal shapes have equal fingerprints in every build and on every machine. Different ones differ, as far as can be seen:
/// the type's `Deserialize` is run on made-up values, until every variant of every enum was taken once. A handle or a reply port counts with the
/// shape of what it takes. So it cannot see
/// - what a hand-written `Deserialize` does, beyond what it asks for; behind a check that refuses the made-up values (numbers are 1, text is
///   empty) it sees nothing of that variant or struct, and says so by [`is_whole`](Self::is_whole);
/// - more than one round of a recursive type: a type within itself counts as "itself";
/// - names of types, which do not travel; and so not which of two types of equal shape is meant;
/// - the meaning of anything: metres and feet are both `f64`.
///
/// It is a guard against mistakes and not against malice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    hash: u64,
    whole: bool,
}

impl Fingerprint {
    /// Walks the shape of `T`. It takes about as many decodings as `T` has variants: keep what it returns.
    ///
    /// Where a `Deserialize` panics on the made-up values, no more is seen, and [`is_whole`](Self::is_whole) says so.
    pub fn of<T: DeserializeOwned>() -> Self {
        let shapes = shapes_of::<T>();
        Self {
            hash: fnv1a(shapes.text().as_bytes()),
            whole: shapes.is_whole(),
        }
    }

    /// The number to compare. Zero stands for no fingerprint, and never comes out.
    pub fn hash(self) -> u64 {
        self.hash.max(1)
    }

    /// Whether every part of the shape was seen.
    pub fn is_whole(self) -> bool {
        self.whole
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.hash())
    }
}

fn shapes_of<T: DeserializeOwned>() -> Shapes {
    let mut shapes = Shapes::default();
    while shapes.begin() {
        // A `Deserialize` that takes its bytes for granted panics on what is made up. It is seen no further than to there.
        match catch_unwind(AssertUnwindSafe(|| T::deserialize(Tracer(&mut shapes)).is_ok())) {
            Ok(well) => shapes.end(well),
            Err(_) => {
                shapes.give_up();
                break;
            }
        }
    }
    shapes
}

/// FNV-1a (Fowler, Noll, Vo), which is the same everywhere and for ever, as `DefaultHasher` is not.
fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests;
