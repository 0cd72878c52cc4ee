//! That what other implementations are written from says what is spoken here.

use actor_wire::Codec;

use super::*;

const DOCUMENT: &str = include_str!("../../../../../docs/protocol.md");

#[test]
fn the_document_has_every_kind_and_every_number() {
    for (_, frame) in examples() {
        let (kind, name) = (encoded(&frame)[frame::LENGTH_BYTES], frame.name());
        let rows = DOCUMENT.lines().filter_map(|line| {
            let mut cells = line.split('|').map(str::trim);
            let (kinds, names) = (cells.nth(1)?, cells.next()?);
            let (found, _) = kinds
                .split(", ")
                .zip(names.split(", "))
                .find(|(_, known)| *known == name)?;
            u8::from_str_radix(found, 16).ok()
        });
        assert_eq!(rows.collect::<Vec<_>>(), [kind], "{name}");
    }
    fn row<T: Copy + fmt::Debug>(all: &[T], number: fn(T) -> u8) -> String {
        let numbers = all.iter().map(|&code| format!("{} {code:?}", number(code)));
        format!("| {} |", numbers.collect::<Vec<_>>().join(", "))
    }
    for row in [
        row(Refusal::ALL, Refusal::code),
        row(Unanswered::ALL, Unanswered::code),
        row(NotFound::ALL, NotFound::code),
        row(Goodbye::ALL, Goodbye::code),
        row(&Codec::ALL, Codec::id),
    ] {
        assert!(DOCUMENT.contains(&row), "docs/protocol.md should hold {row}");
    }
}
