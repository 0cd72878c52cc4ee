//! Ratios to the floor: a line for each workload, a dot for each framework.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::{Area, FAINT, GROUND, INK, QUIET, bold, by_logarithm, colour, path, text};
use crate::Failed;
use crate::figures::{Cell, FLOOR, Table};

const WIDTH: u32 = 1000;
const LEFT: i32 = 210;
const RIGHT: i32 = 120;
const TOP: i32 = 104;
const BOTTOM: i32 = 54;
const STEP: i32 = 30;

const MARKS: [f64; 9] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0];

/// What is dearer than this stands at the edge, with its figure.
const MOST: f64 = 60.0;

pub(super) fn draw(name: &str, title: &str, table: &Table) -> Result<(), Failed> {
    let height = (TOP + BOTTOM) as u32 + STEP as u32 * table.rows.len() as u32;
    let path = path(name);
    let area = SVGBackend::new(&path, (WIDTH, height)).into_drawing_area();
    area.fill(&GROUND)?;
    area.draw(&Text::new(title, (LEFT, 28), bold(21, INK, HPos::Left)))?;
    legend(&area, table)?;

    let cells = table.rows.iter().flat_map(|line| line.cells.iter().flatten());
    let ratios = cells.filter_map(Cell::by_floor).filter(|ratio| *ratio > 0.0);
    let (least, most) = ratios.fold((0.5_f64, 2.0_f64), |(least, most), ratio| {
        (least.min(ratio), most.max(ratio))
    });
    let (from, to) = (least / 1.15, most.min(MOST) * 1.15);
    let across =
        |ratio: f64| LEFT + ((WIDTH as i32 - LEFT - RIGHT) as f64 * by_logarithm(ratio.min(to), from, to)) as i32;
    let bottom = height as i32 - BOTTOM;
    for mark in MARKS.into_iter().filter(|mark| (from..to).contains(mark)) {
        let at = across(mark);
        let style = if mark == 1.0 {
            INK.stroke_width(2)
        } else {
            FAINT.stroke_width(1)
        };
        area.draw(&PathElement::new([(at, TOP - 8), (at, bottom)], style))?;
        area.draw(&Text::new(
            format!("{mark} ×"),
            (at, bottom + 16),
            text(16, QUIET, HPos::Center),
        ))?;
    }
    let below = "less is better; the scale is logarithmic";
    let middle = (LEFT + WIDTH as i32 - RIGHT) / 2;
    area.draw(&Text::new(below, (middle, bottom + 38), text(15, QUIET, HPos::Center)))?;
    let edge = (WIDTH as i32 - 20, TOP - 12);
    area.draw(&Text::new(
        benches::OURS.name,
        edge,
        bold(15, colour(benches::OURS.name), HPos::Right),
    ))?;

    for (number, line) in table.rows.iter().enumerate() {
        let at = TOP + STEP * number as i32 + STEP / 2;
        area.draw(&Text::new(
            line.name.clone(),
            (LEFT - 16, at),
            text(17, INK, HPos::Right),
        ))?;
        area.draw(&PathElement::new(
            [(LEFT, at), (WIDTH as i32 - RIGHT, at)],
            FAINT.stroke_width(1),
        ))?;
        let cells = table.sides.iter().zip(&line.cells);
        let mut dots: Vec<_> = cells
            .filter_map(|(side, cell)| Some((side, cell.as_ref()?.by_floor()?)))
            .collect();
        dots.retain(|(side, ratio)| *side != FLOOR && *ratio > 0.0);
        // Ours first, as it is large: the others lie over it.
        dots.sort_by_key(|(side, _)| *side != benches::OURS.name);
        for (side, ratio) in dots {
            dot(&area, side, (across(ratio), at), ratio)?;
        }
    }
    area.present()?;
    Ok(())
}

fn dot(area: &Area<'_>, side: &str, at: (i32, i32), ratio: f64) -> Result<(), Failed> {
    let colour = colour(side);
    if side == benches::OURS.name {
        area.draw(&Circle::new(at, 9, colour.filled()))?;
        let edge = (WIDTH as i32 - 20, at.1);
        area.draw(&Text::new(format!("{ratio:.2} ×"), edge, bold(17, colour, HPos::Right)))?;
        return Ok(());
    }
    area.draw(&Circle::new(at, 5, colour.filled()))?;
    if ratio > MOST {
        let beside = (at.0 - 10, at.1);
        area.draw(&Text::new(
            format!("{ratio:.0} ×"),
            beside,
            text(14, colour, HPos::Right),
        ))?;
    }
    Ok(())
}

fn legend(area: &Area<'_>, table: &Table) -> Result<(), Failed> {
    let mut at = LEFT;
    for side in &table.sides {
        let name = if side == FLOOR { "tokio (1 ×)" } else { side };
        let ours = side == benches::OURS.name;
        if side == FLOOR {
            area.draw(&PathElement::new([(at + 5, 52), (at + 5, 68)], INK.stroke_width(2)))?;
        } else if ours {
            area.draw(&Circle::new((at + 5, 60), 9, colour(side).filled()))?;
        } else {
            area.draw(&Circle::new((at + 5, 60), 5, colour(side).filled()))?;
        }
        let style = if ours {
            bold(17, INK, HPos::Left)
        } else {
            text(17, INK, HPos::Left)
        };
        area.draw(&Text::new(name, (at + 20, 61), style))?;
        at += 46 + 8 * name.len() as i32;
    }
    Ok(())
}
