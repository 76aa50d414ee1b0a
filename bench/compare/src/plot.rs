//! The race as bars, in SVG. It has a ground of its own, so it reads on a light page and on a dark one.

use crate::report::{Measure, Race};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;
use veza_bench::failure::Outcome;
use veza_bench::report::number;

const WIDTH: i32 = 900;
const HEAD: i32 = 62;
/// Height of one measure: its name and two bars.
const ROW: i32 = 62;
const BAR: i32 = 17;
const LEFT: i32 = 24;
/// The longest bar; behind it stands the figure.
const LONGEST: f64 = 690.0;
const GROUND: RGBColor = RGBColor(250, 250, 248);
const INK: RGBColor = RGBColor(36, 41, 47);
const COLOURS: [RGBColor; 2] = [RGBColor(17, 119, 102), RGBColor(190, 120, 60)];
/// A shape has no wider line than this, so that the smallest figure can still be seen.
const SHORTEST: i32 = 2;

/// Draws it.
///
/// # Errors
/// The file can't be written.
pub fn draw(race: &Race, path: &Path) -> Outcome<()> {
    let measures: Vec<Measure> = race.measures().into_iter().filter(|measure| measure.times_better().is_some()).collect();
    let height = HEAD + ROW * measures.len() as i32 + 16;
    let area = SVGBackend::new(path, (WIDTH as u32, height as u32)).into_drawing_area();
    area.fill(&GROUND)?;
    let style = |size: i32, colour: &RGBColor| ("sans-serif", size).into_font().color(colour).pos(Pos::new(HPos::Left, VPos::Center));
    area.draw(&Text::new(format!("Veza and {}, {}", race.vendure.described, race.date), (LEFT, 22), style(19, &INK)))?;
    let mut place = LEFT;
    for (name, colour) in ["Veza", "Vendure"].into_iter().zip(COLOURS) {
        area.draw(&Rectangle::new([(place, 41), (place + 12, 53)], colour.filled()))?;
        area.draw(&Text::new(name, (place + 18, 47), style(14, &INK)))?;
        place += 90;
    }
    area.draw(&Text::new("each pair on a scale of its own", (place, 47), style(14, &INK)))?;
    for (at, measure) in measures.iter().enumerate() {
        let top = HEAD + ROW * at as i32;
        let better = if measure.more { "more is better" } else { "less is better" };
        area.draw(&Text::new(format!("{} ({better})", measure.what), (LEFT, top + 11), style(14, &INK)))?;
        let figures = measure.medians.map(|median| median.unwrap_or(0.0));
        let largest = figures[0].max(figures[1]).max(f64::MIN_POSITIVE);
        for (bar, (figure, colour)) in figures.into_iter().zip(COLOURS).enumerate() {
            let y = top + 21 + bar as i32 * (BAR + 2);
            let end = LEFT + ((figure / largest * LONGEST) as i32).max(SHORTEST);
            area.draw(&Rectangle::new([(LEFT, y), (end, y + BAR)], colour.filled()))?;
            area.draw(&Text::new(format!("{} {}", number(figure), measure.unit), (end + 7, y + BAR / 2), style(14, &INK)))?;
        }
    }
    area.present()?;
    Ok(())
}
