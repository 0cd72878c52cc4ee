//! How figures grow: a small chart for each, both axes by powers of ten.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::{Area, FAINT, GROUND, INK, QUIET, bold, by_logarithm, colour, path, text};
use crate::Failed;
use crate::figures::{Curve, Scale};
use crate::page::thousands;
use crate::part::scale::GROWTHS;

const ACROSS: usize = 2;
const PANEL: (i32, i32) = (500, 300);
const LEFT: i32 = 74;
const RIGHT: i32 = 28;
const TOP: i32 = 64;
const BOTTOM: i32 = 46;

pub(super) fn draw(name: &str, scale: &Scale) -> Result<(), Failed> {
    let down = scale.curves.len().div_ceil(ACROSS);
    let size = (PANEL.0 * ACROSS as i32, PANEL.1 * down as i32);
    let path = path(name);
    let area = SVGBackend::new(&path, (size.0 as u32, size.1 as u32)).into_drawing_area();
    area.fill(&GROUND)?;
    for (number, curve) in scale.curves.iter().enumerate() {
        let corner = (PANEL.0 * (number % ACROSS) as i32, PANEL.1 * (number / ACROSS) as i32);
        panel(&area, corner, curve)?;
    }
    area.present()?;
    Ok(())
}

fn panel(area: &Area<'_>, (left, top): (i32, i32), curve: &Curve) -> Result<(), Failed> {
    let known = GROWTHS.iter().find(|growth| growth.name == curve.name);
    let (of, figure) = known.map_or(("idle actors", "bytes of each"), |growth| (growth.of, growth.figure));
    let at = (left + LEFT, top + 24);
    area.draw(&Text::new(of, at, bold(17, INK, HPos::Left)))?;
    area.draw(&Text::new(figure, (at.0, at.1 + 20), text(15, QUIET, HPos::Left)))?;

    let points = || curve.lines.iter().flat_map(|(_, points)| points.iter().copied());
    let most = points().map(|(number, _)| number).fold(10.0, f64::max);
    let least = points().map(|(number, _)| number).fold(most, f64::min);
    // A decade below and above what there is, so that a flat line looks flat.
    let low = points().map(|(_, figure)| figure).fold(f64::INFINITY, f64::min);
    let high = points().map(|(_, figure)| figure).fold(0.0, f64::max);
    let (low, high) = (
        10_f64.powf(low.max(1e-3).log10().floor()),
        10_f64.powf(high.max(1e-3).log10().ceil()),
    );
    let high = if high <= low { low * 10.0 } else { high };

    let right = left + PANEL.0 - RIGHT;
    let bottom = top + PANEL.1 - BOTTOM;
    let across = |number: f64| left + LEFT + ((right - left - LEFT) as f64 * by_logarithm(number, least, most)) as i32;
    let down = |figure: f64| bottom - ((bottom - top - TOP) as f64 * by_logarithm(figure.max(low), low, high)) as i32;
    let mut mark = low;
    while mark <= high * 1.01 {
        let y = down(mark);
        area.draw(&PathElement::new([(left + LEFT, y), (right, y)], FAINT.stroke_width(1)))?;
        let name = if mark < 1.0 { format!("{mark}") } else { thousands(mark) };
        area.draw(&Text::new(name, (left + LEFT - 8, y), text(14, QUIET, HPos::Right)))?;
        mark *= 10.0;
    }
    let mut mark = least;
    while mark <= most * 1.01 {
        area.draw(&Text::new(
            thousands(mark),
            (across(mark), bottom + 18),
            text(14, QUIET, HPos::Center),
        ))?;
        mark *= 10.0;
    }
    // The floor first, so that ours lies over it.
    for (side, points) in curve.lines.iter().rev() {
        let colour = colour(side);
        let width = if *side == benches::OURS.name { 3 } else { 2 };
        let way: Vec<_> = points
            .iter()
            .map(|&(number, figure)| (across(number), down(figure)))
            .collect();
        for at in &way {
            area.draw(&Circle::new(*at, width + 1, colour.filled()))?;
        }
        area.draw(&PathElement::new(way, colour.stroke_width(width as u32)))?;
    }
    legend(area, (right, top + 44), curve)
}

fn legend(area: &Area<'_>, (right, at): (i32, i32), curve: &Curve) -> Result<(), Failed> {
    let mut right = right;
    for (side, _) in curve.lines.iter().rev() {
        area.draw(&Text::new(side.clone(), (right, at), text(15, INK, HPos::Right)))?;
        let start = right - 6 * side.len() as i32 - 14;
        area.draw(&PathElement::new(
            [(start - 12, at), (start + 6, at)],
            colour(side).stroke_width(3),
        ))?;
        right = start - 24;
    }
    Ok(())
}
