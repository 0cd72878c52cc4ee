//! The pictures of the page: SVG files with a ground of their own, so that they are read on light pages and on dark ones.

mod bars;
mod dots;
mod growth;

use std::path::PathBuf;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Failed;
use crate::figures::{FLOOR, Figures, folder};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const GROUND: RGBColor = RGBColor(252, 252, 251);
const INK: RGBColor = RGBColor(36, 41, 47);
const FAINT: RGBColor = RGBColor(222, 224, 228);
const QUIET: RGBColor = RGBColor(104, 112, 122);
const FONT: &str = "Helvetica, Arial, sans-serif";

/// Draws all that there are figures for.
pub(crate) fn draw(figures: &Figures) -> Result<(), Failed> {
    std::fs::create_dir_all(folder().join("pictures"))?;
    if let Some(table) = &figures.times {
        dots::draw(
            "times",
            "Time of an operation, by that of a tokio task with its channel",
            table,
        )?;
    }
    if let Some(counts) = &figures.counts {
        let title = "Instructions of an operation, by those of a tokio task with its channel";
        dots::draw("instructions", title, &counts.instructions)?;
    }
    if let Some(table) = &figures.memory {
        bars::draw("memory", "Bytes of an idle actor that has handled a message", table)?;
    }
    if let Some(scale) = &figures.scale {
        growth::draw("scale", scale)?;
    }
    Ok(())
}

fn path(name: &str) -> PathBuf {
    folder().join("pictures").join(name).with_extension("svg")
}

/// The colours are told apart by those who see few of them, too (after Okabe and Ito).
fn colour(side: &str) -> RGBColor {
    match side {
        side if side == benches::OURS.name => RGBColor(213, 64, 0),
        FLOOR => INK,
        "kameo" => RGBColor(0, 114, 178),
        "ractor" => RGBColor(0, 158, 115),
        "actix" => RGBColor(204, 121, 167),
        "xtra" => RGBColor(86, 180, 233),
        _ => RGBColor(150, 140, 90),
    }
}

fn text(size: i32, colour: RGBColor, across: HPos) -> TextStyle<'static> {
    styled((FONT, size).into_font(), colour, across)
}

fn bold(size: i32, colour: RGBColor, across: HPos) -> TextStyle<'static> {
    styled((FONT, size, FontStyle::Bold).into_font(), colour, across)
}

fn styled(font: FontDesc<'static>, colour: RGBColor, across: HPos) -> TextStyle<'static> {
    TextStyle {
        font,
        color: colour.to_backend_color(),
        pos: Pos::new(across, VPos::Center),
    }
}

/// Where a figure lies between two ends, by its logarithm.
fn by_logarithm(figure: f64, from: f64, to: f64) -> f64 {
    (figure.ln() - from.ln()) / (to.ln() - from.ln())
}
