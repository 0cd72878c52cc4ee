//! One figure of each framework, as bars.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::{GROUND, INK, QUIET, bold, colour, path, text};
use crate::Failed;
use crate::figures::{FLOOR, Table};
use crate::page::thousands;

const WIDTH: u32 = 1000;
const LEFT: i32 = 130;
const RIGHT: i32 = 190;
const TOP: i32 = 60;
const STEP: i32 = 38;

pub(super) fn draw(name: &str, title: &str, table: &Table) -> Result<(), Failed> {
    let Some(line) = table.rows.first() else { return Ok(()) };
    let height = TOP as u32 + STEP as u32 * table.sides.len() as u32 + 20;
    let path = path(name);
    let area = SVGBackend::new(&path, (WIDTH, height)).into_drawing_area();
    area.fill(&GROUND)?;
    area.draw(&Text::new(title, (LEFT, 28), bold(21, INK, HPos::Left)))?;
    let most = line
        .cells
        .iter()
        .flatten()
        .map(|cell| cell.median())
        .fold(1.0, f64::max);
    for (number, (side, cell)) in table.sides.iter().zip(&line.cells).enumerate() {
        let at = TOP + STEP * number as i32 + STEP / 2;
        let ours = side == benches::OURS.name;
        let style = if ours {
            bold(18, INK, HPos::Right)
        } else {
            text(18, INK, HPos::Right)
        };
        area.draw(&Text::new(side.clone(), (LEFT - 14, at), style))?;
        let Some(cell) = cell else { continue };
        let end = LEFT + ((WIDTH as i32 - LEFT - RIGHT) as f64 * cell.median() / most) as i32;
        let fill = if side == FLOOR { QUIET } else { colour(side) };
        area.draw(&Rectangle::new([(LEFT, at - 11), (end, at + 11)], fill.filled()))?;
        let figure = match cell.by_floor() {
            Some(ratio) if side != FLOOR => format!("{} ({ratio:.2} ×)", thousands(cell.median())),
            _ => thousands(cell.median()),
        };
        let style = if ours {
            bold(17, INK, HPos::Left)
        } else {
            text(17, INK, HPos::Left)
        };
        area.draw(&Text::new(figure, (end + 10, at), style))?;
    }
    area.present()?;
    Ok(())
}
