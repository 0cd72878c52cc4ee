//! The terminal: draws what is, and hands keys on.

use std::collections::VecDeque;
use std::time::Duration;

use actor_core::{ChildState, System};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Style};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};
use ratatui::{DefaultTerminal, Frame};

use crate::act::{Action, HELP, act, of_key};
use crate::changes::changes;
use crate::rows::{Row, first_shown, rows};

/// So often is the tree looked at.
const REFRESH: Duration = Duration::from_millis(100);

/// So many lines of the log are kept.
const LOG_LINES_MAX: usize = 200;

#[derive(Default)]
struct Shown {
    rows: Vec<Row>,
    chosen: usize,
    log: VecDeque<String>,
}

/// Draws until the user quits. The terminal is given back however this ends: also a panic restores it.
pub(crate) fn run(system: &System) -> anyhow::Result<()> {
    let mut terminal = ratatui::try_init()?;
    // Its hook gives the terminal back at any panic. Those of actors are contained, and must not: their words are in the
    // tree.
    let (restores, own) = (std::panic::take_hook(), std::thread::current().id());
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == own {
            restores(panic);
        }
    }));
    let played = play(&mut terminal, system);
    ratatui::restore();
    played
}

fn play(terminal: &mut DefaultTerminal, system: &System) -> anyhow::Result<()> {
    let mut shown = Shown::default();
    let mut seen = system.snapshot();
    loop {
        let now = system.snapshot();
        changes(&seen, &now).into_iter().for_each(|change| shown.note(change));
        shown.rows = rows(&now);
        shown.chosen = shown.chosen.min(shown.rows.len().saturating_sub(1));
        seen = now;
        terminal.draw(|frame| draw(frame, &shown))?;

        if !event::poll(REFRESH)? {
            continue;
        }
        let Event::Key(key) = event::read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        // In raw mode Ctrl-C is a key like any other.
        let interrupt = key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c');
        match of_key(key.code) {
            _ if interrupt => return Ok(()),
            Some(Action::Quit) => return Ok(()),
            Some(Action::Up) => shown.chosen = shown.chosen.saturating_sub(1),
            Some(Action::Down) => shown.chosen += 1,
            Some(Action::To(deed)) => {
                if let Some(row) = shown.rows.get(shown.chosen) {
                    let done = act(system, &row.path, deed);
                    shown.note(format!("> {done}"));
                }
            }
            None => {}
        }
    }
}

impl Shown {
    fn note(&mut self, line: String) {
        self.log.push_back(line);
        if self.log.len() > LOG_LINES_MAX {
            self.log.pop_front();
        }
    }
}

fn draw(frame: &mut Frame<'_>, shown: &Shown) {
    let help_lines = HELP.len().div_ceil(usize::from(frame.area().width).max(1)) as u16;
    let log_lines = (frame.area().height / 3).min(8);
    let parts = [
        Constraint::Min(1),
        Constraint::Length(log_lines),
        Constraint::Length(help_lines),
    ];
    let [tree, log, help] = Layout::vertical(parts).areas(frame.area());

    let first = first_shown(shown.rows.len(), shown.chosen, usize::from(tree.height));
    let lines = shown.rows.iter().enumerate().skip(first).map(|(at, row)| {
        let mark = if at == shown.chosen { "> " } else { "  " };
        let style = Style::new().fg(color(row.state));
        let style = if at == shown.chosen { style.reversed() } else { style };
        Line::styled(format!("{mark}{}", row.text), style)
    });
    let mut lines: Vec<Line<'_>> = lines.collect();
    if shown.rows.is_empty() {
        lines.push(Line::raw(
            "The whole house gave up: nobody is left to restart it. q quits.",
        ));
    }
    frame.render_widget(Paragraph::new(lines), tree);

    let newest = shown.log.len().saturating_sub(usize::from(log.height));
    let lines = shown.log.iter().skip(newest).map(|line| Line::raw(line.as_str()));
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).style(Color::Gray), log);
    frame.render_widget(Paragraph::new(HELP).wrap(Wrap { trim: true }).style(Color::Cyan), help);
}

fn color(state: ChildState) -> Color {
    match state {
        ChildState::Running => Color::Green,
        ChildState::BackOff(_) | ChildState::Regrouping | ChildState::Starting => Color::Yellow,
        _ => Color::Red,
    }
}
