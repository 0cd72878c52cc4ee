//! The tree as lines of text.

use actor_core::{ChildInfo, ChildState};

/// One actor, as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) state: ChildState,
}

pub(crate) fn rows(tree: &[ChildInfo]) -> Vec<Row> {
    let mut rows = Vec::new();
    add(tree, 0, &mut rows);
    rows
}

fn add(tree: &[ChildInfo], depth: usize, rows: &mut Vec<Row>) {
    for actor in tree {
        let name = format!("{:1$}{2}", "", 2 * depth, actor.path.name());
        let state = actor.state.to_string();
        let strategy = actor
            .strategy
            .map(|strategy| format!(", {strategy}"))
            .unwrap_or_default();
        let messages = match actor.mailbox_messages {
            0 => String::new(),
            messages => format!(", mailbox {messages}"),
        };
        let failure = match &actor.last_failure {
            None => String::new(),
            Some(failure) => {
                let cause = failure
                    .cause()
                    .map(|cause| format!(" <- {}", cause.message()))
                    .unwrap_or_default();
                format!(", last: {}{cause}", failure.message())
            }
        };
        // What matters most stands first: a narrow terminal cuts the rest off.
        let text = format!(
            "{name:<11}{state}, restarts {}{messages}{strategy}{failure}",
            actor.restarts
        );
        rows.push(Row {
            path: actor.path.to_string(),
            text,
            state: actor.state,
        });
        add(&actor.children, depth + 1, rows);
    }
}

/// The first of `rows` to show in so many lines, so that the chosen one is among them.
pub(crate) fn first_shown(rows: usize, chosen: usize, lines: usize) -> usize {
    let last_first = rows.saturating_sub(lines);
    chosen.saturating_sub(lines / 2).min(last_first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_row_is_always_shown() {
        for (rows, lines) in [(10, 3), (10, 1), (10, 20), (0, 5), (1, 0)] {
            for chosen in 0..rows {
                let first = first_shown(rows, chosen, lines);
                assert!(lines == 0 || (first..first + lines).contains(&chosen));
                assert!(
                    rows <= lines || lines == 0 || first + lines <= rows,
                    "no line is left empty"
                );
            }
        }
    }
}
