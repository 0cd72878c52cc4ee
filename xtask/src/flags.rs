//! Reads `--name value` pairs for the words which have options of their own.

use std::str::FromStr;

use crate::step::Outcome;

/// Takes the value of `name` out of `words`; what stays behind at the end is unknown.
pub(crate) fn take<T: FromStr>(words: &mut Vec<String>, name: &str) -> Outcome<Option<T>> {
    let Some(at) = words.iter().position(|word| word == name) else {
        return Ok(None);
    };
    words.remove(at);
    if at == words.len() {
        return Err(format!("{name} wants a value behind it"));
    }
    let value = words.remove(at);
    match value.parse() {
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(format!("{name} does not take `{value}`: it wants a number")),
    }
}

/// Refuses what nobody took.
pub(crate) fn none_left(words: &[String]) -> Outcome {
    match words.first() {
        None => Ok(()),
        Some(word) => Err(format!(
            "`{word}` is not understood; `cargo xtask` alone lists the options"
        )),
    }
}
