//! What happened between two looks at the tree.

use std::collections::BTreeMap;

use actor_core::{ChildInfo, ChildState};

type ByPath<'a> = BTreeMap<String, &'a ChildInfo>;

fn by_path<'a>(tree: &'a [ChildInfo], found: &mut ByPath<'a>) {
    for actor in tree {
        found.insert(actor.path.to_string(), actor);
        by_path(&actor.children, found);
    }
}

/// A line for each actor that came, went, was restarted or waits to be.
pub(crate) fn changes(before: &[ChildInfo], after: &[ChildInfo]) -> Vec<String> {
    let (mut old, mut new) = (ByPath::new(), ByPath::new());
    by_path(before, &mut old);
    by_path(after, &mut new);
    let mut lines = Vec::new();
    for path in old.keys().filter(|path| !new.contains_key(*path)) {
        lines.push(format!("{path} has ended"));
    }
    for (path, actor) in new {
        let backs_off = |actor: &ChildInfo| matches!(actor.state, ChildState::BackOff(_));
        match old.get(&path) {
            None => lines.push(format!("{path} has started")),
            Some(was) if was.id != actor.id => lines.push(format!("{path} is a new one")),
            Some(was) if was.restarts < actor.restarts => lines.push(format!("{path} was restarted")),
            Some(was) if backs_off(actor) && !backs_off(was) => lines.push(format!("{path} waits for its restart")),
            Some(_) => {}
        }
    }
    lines
}
