//! Keeps a panic in a user's code from going any further than the actor it happened in.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `f`; a panic becomes its message.
///
/// Unwind safety is asserted because what `f` may have left half done is never used again: the state of a failed actor
/// is dropped, and a message that panics in its `Drop` is gone.
// A call of its own for each message costs a tenth of it, where nothing is optimised across crates.
#[inline(always)]
pub(crate) fn contain<R>(f: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(f)).map_err(words)
}

/// Drops a user's value. A panic in its `Drop` is reported, and goes no further.
pub(crate) fn discard<T>(value: T) {
    if let Err(message) = contain(move || drop(value)) {
        tracing::error!(
            value = std::any::type_name::<T>(),
            panic = message,
            "a value panicked while it was dropped"
        );
    }
}

fn words(payload: Box<dyn Any + Send>) -> String {
    let message = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a value that is not text".to_owned(),
    };
    // The payload is a user's value too: one that panics in its `Drop` is leaked rather than dropped a second time.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    #[test]
    fn a_panic_becomes_its_words() {
        assert_eq!(contain(|| panic!("no {}", "way")), Err::<(), _>("no way".to_owned()));
        assert_eq!(contain(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
    }

    #[test]
    fn a_value_that_panics_when_dropped_is_contained() {
        discard(Bomb);
    }

    #[test]
    fn a_payload_that_panics_when_dropped_is_contained() {
        let caught = contain(|| std::panic::panic_any(Bomb));
        assert_eq!(caught, Err::<(), _>("a value that is not text".to_owned()));
    }
}
