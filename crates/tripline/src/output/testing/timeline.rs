//! What arrived in a test, on an axis of time: with the number of its arrival, the steps that it satisfies
//! by itself, what became of it, and in which detections it is bound. So a person sees why a test failed.

use std::fmt::Write as _;

use super::super::text::{Paint, delta, fit, harmless, time};
use crate::testing::{Arrived, Found, Outcome};

/// The most events that are shown; those that no step and no detection has are left out first.
const MOST: usize = 60;

/// The lines.
pub(super) fn lines(outcome: &Outcome<'_>, paint: Paint) -> Vec<String> {
    let mut order: Vec<usize> = (0..outcome.arrived.len()).collect();
    let at = |number: usize| outcome.arrived.get(number);
    let matters = |number: &usize| {
        at(*number).is_some_and(|event| {
            !event.steps.is_empty() || !matches!(event.fate, "processed" | "not accepted")
        })
    };
    let all = order.len();
    if all > MOST {
        order.retain(matters);
        order.truncate(MOST);
    }
    order.sort_by_key(|number| (at(*number).and_then(|event| event.time), *number));
    let first = order.iter().find_map(|number| at(*number)?.time);
    let several_rules = outcome.rules.len() > 1;
    let mut rows: Vec<[String; 6]> = Vec::new();
    for number in &order {
        let Some(event) = at(*number) else { continue };
        let (when, since) = match (event.time, first) {
            (Some(at), Some(first)) => (time(at, true), delta(at.saturating_sub(first))),
            _ => ("no time".to_owned(), String::new()),
        };
        rows.push([
            format!("#{}", number + 1),
            when,
            since,
            event.schema.as_deref().unwrap_or("record").to_owned(),
            steps(event, several_rules),
            remarks(*number, event, &outcome.found),
        ]);
    }
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut lines = Vec::new();
    for (row, number) in rows.iter().zip(&order) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{}  ", fit(&harmless(cell), width));
        }
        let place = at(*number).map_or("", |event| &event.place);
        let place = paint.faint(&harmless(place));
        lines.push(format!("{line}{place}").trim_end().to_owned());
    }
    if all > order.len() {
        lines.push(format!(
            "… and {} more that no step takes",
            all - order.len()
        ));
    }
    for (index, found) in outcome.found.iter().enumerate() {
        lines.push(harmless(&detection(index, found)));
    }
    lines
}

/// The steps whose own conditions the event satisfies.
fn steps(event: &Arrived, with_rule: bool) -> String {
    let steps: Vec<String> = event
        .steps
        .iter()
        .map(|(rule, step, has_key)| {
            let key = if *has_key { "" } else { " (no key)" };
            match with_rule {
                true => format!("{rule}.{step}{key}"),
                false => format!("{step}{key}"),
            }
        })
        .collect();
    match steps.is_empty() {
        true => "no step".to_owned(),
        false => steps.join(", "),
    }
}

/// What became of the event, and in which detections it is bound.
fn remarks(number: usize, event: &Arrived, found: &[Found]) -> String {
    let mut remarks = Vec::new();
    if event.fate != "processed" {
        remarks.push(event.fate.to_owned());
    }
    let number = u64::try_from(number).ok();
    for (index, found) in found.iter().enumerate() {
        let bound = found.events.iter().filter(|(_, origin)| *origin == number);
        for (step, _) in bound {
            remarks.push(format!("{step} of {}", letter(index)));
        }
    }
    remarks.join(", ")
}

/// A detection on one line.
fn detection(index: usize, found: &Found) -> String {
    let bound: Vec<String> = found
        .events
        .iter()
        .map(|(step, origin)| match origin {
            Some(origin) => format!("{step} = #{}", origin + 1),
            None => step.clone(),
        })
        .collect();
    let mut line = format!(
        "{}: {} of {}, {}",
        letter(index),
        match found.excluded_by.is_empty() {
            true => "detection",
            false => "excluded match",
        },
        found.rule_name,
        bound.join(", ")
    );
    if !found.excluded_by.is_empty() {
        let _ = write!(
            line,
            "; excluded by \"{}\"",
            found.excluded_by.join("\", \"")
        );
    }
    line
}

/// What a detection is called here: `A` to `Z`, then `A1` and so on.
fn letter(index: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(index % 26).unwrap_or(0));
    match index / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{round}"),
    }
}
