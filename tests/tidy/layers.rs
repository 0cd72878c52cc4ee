//! The order of a crate's rooms: the `mod` lines of its lib.rs from the bottom up, a blank line between two layers.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, line_of};

/// The door of the crate, which shows every room and belongs to no layer.
const DOOR: &str = "lib";

/// The layers, lowest first.
struct Layers(Vec<Vec<String>>);

/// One import: the room it stands in, the room it names, and where.
struct Import {
    from: String,
    to: String,
    place: String,
}

/// Everything that is wrong with the imports of `files`, which are the crate whose lib.rs lies in the folder `sources`.
pub(super) fn complaints(sources: &str, files: &[Source]) -> Vec<String> {
    let door = files
        .iter()
        .find(|file| room_of(sources, &file.path) == DOOR)
        .expect("a crate has a lib.rs");
    let layers = Layers::read(&door.code);
    let mut complaints = Vec::new();
    let mut imports = Vec::new();
    for file in files {
        let room = room_of(sources, &file.path);
        if room == DOOR {
            continue;
        }
        if layers.rank(&room).is_none() {
            complaints.push(format!("{}: lib.rs has no `mod {room};`", file.path));
        }
        imports.extend(imports_of(file, &room));
    }
    for import in &imports {
        let Import { from, to, place } = import;
        match (layers.rank(from), layers.rank(to)) {
            (_, None) => complaints.push(format!(
                "{place}: `crate::{to}` is no room: name the room that holds it"
            )),
            (Some(low), Some(high)) if high > low => complaints.push(format!("{place}: `{from}` lies below `{to}`")),
            _ => {}
        }
    }
    complaints.extend(circle(&imports));
    complaints
}

impl Layers {
    fn read(door: &str) -> Self {
        let mut layers = vec![Vec::new()];
        for line in door.lines() {
            let room = line
                .trim_start_matches("pub ")
                .strip_prefix("mod ")
                .and_then(|room| room.strip_suffix(';'));
            match room {
                Some(room) => layers.last_mut().expect("begins with one").push(room.to_owned()),
                None => layers.push(Vec::new()),
            }
        }
        layers.retain(|layer| !layer.is_empty());
        Self(layers)
    }

    fn rank(&self, room: &str) -> Option<usize> {
        self.0.iter().position(|layer| layer.iter().any(|known| known == room))
    }
}

/// `mailbox` for both `mailbox.rs` and `mailbox/queue.rs`.
fn room_of(sources: &str, path: &str) -> String {
    let within = path.strip_prefix(sources).unwrap_or(path).trim_start_matches('/');
    within
        .split('/')
        .next()
        .unwrap_or(within)
        .trim_end_matches(".rs")
        .to_owned()
}

fn imports_of(file: &Source, room: &str) -> Vec<Import> {
    let mut found = Vec::new();
    let code = &file.shipped;
    for (at, _) in code.match_indices("crate::") {
        let named = &code[at + "crate::".len()..];
        for to in heads(named) {
            if to != room {
                let place = format!("{}:{}", file.path, line_of(code, at));
                found.push(Import {
                    from: room.to_owned(),
                    to,
                    place,
                });
            }
        }
    }
    found
}

/// The first names behind `crate::`: one, or each of a list in braces.
fn heads(named: &str) -> Vec<String> {
    let Some(list) = named.strip_prefix('{') else {
        return vec![first_name(named)];
    };
    let (mut depth, mut heads, mut begins) = (0, Vec::new(), true);
    for (at, byte) in list.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => break,
            b'}' => depth -= 1,
            b',' if depth == 0 => begins = true,
            byte if begins && depth == 0 && !byte.is_ascii_whitespace() => {
                heads.push(first_name(&list[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    heads
}

fn first_name(text: &str) -> String {
    text.chars()
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect()
}

/// The first circle found among `imports`, as a complaint.
fn circle(imports: &[Import]) -> Option<String> {
    let mut onward: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for import in imports {
        onward.entry(&import.from).or_default().insert(&import.to);
    }
    let mut done = BTreeSet::new();
    let rooms: Vec<&str> = onward.keys().copied().collect();
    rooms
        .into_iter()
        .find_map(|room| walk(room, &onward, &mut Vec::new(), &mut done))
}

fn walk<'a>(
    room: &'a str,
    onward: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    path: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<String> {
    if let Some(at) = path.iter().position(|seen| *seen == room) {
        return Some(format!("a circle: {} -> {room}", path[at..].join(" -> ")));
    }
    if !done.insert(room) {
        return None;
    }
    path.push(room);
    let found = onward
        .get(room)
        .into_iter()
        .flatten()
        .find_map(|next| walk(next, onward, path, done));
    path.pop();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: &str = "actor-core/src";

    fn door() -> Source {
        let text = "//! Tour.\nmod exit;\nmod id;\n\npub mod mailbox;\n\nmod ask;\nmod handle;\n\nmod system;\n\npub use id::Id;\n";
        Source::new("actor-core/src/lib.rs", text)
    }

    fn complaints_about(path: &str, text: &str) -> Vec<String> {
        complaints(SOURCES, &[door(), Source::new(&format!("{SOURCES}/{path}"), text)])
    }

    #[test]
    fn an_import_from_above_is_caught_however_it_is_written() {
        for text in [
            "use crate::system::System;",
            "use crate::{\n    id::ActorId,\n    system::{self, System},\n};",
            "pub(crate) use crate::{exit::{A, B}, system};",
            "fn f() { crate::system::stop() }",
        ] {
            let found = complaints_about("mailbox/queue.rs", text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains("`mailbox` lies below `system`"), "{found:?}");
        }
    }

    #[test]
    fn an_import_from_below_or_from_the_own_room_is_welcome() {
        let text =
            "//! Doc with crate::system.\nuse crate::{exit::ExitReason, id::ActorId};\nuse crate::mailbox::Envelope;";
        assert!(complaints_about("mailbox/queue.rs", text).is_empty());
    }

    #[test]
    fn a_file_without_a_layer_is_caught() {
        assert!(complaints_about("surprise.rs", "")[0].contains("has no `mod surprise;`"));
    }

    #[test]
    fn a_name_taken_through_the_root_is_caught() {
        assert!(complaints_about("system.rs", "use crate::Handle;")[0].contains("is no room"));
    }

    #[test]
    fn a_circle_within_a_layer_is_caught() {
        let one = Source::new("actor-core/src/handle.rs", "use crate::ask::Ask;");
        let two = Source::new("actor-core/src/ask.rs", "use crate::handle::Handle;");
        assert!(complaints(SOURCES, &[door(), one, two])[0].contains("a circle"));
    }
}
