//! What the kit promises to tests, tested from outside, on the paused clock.

mod faulty;
mod probe;
mod recorder;
mod subject;
