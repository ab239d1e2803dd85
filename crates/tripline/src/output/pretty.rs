//! A detection as a block for a person: what it is, for whom, the steps with the time between them,
//! what differed from step to step, and what else the rule gives.

use std::fmt::Write as _;

use serde_json::Value;
use tripline_engine::Detection;

use super::layout::{shrink, wrapped};
use super::text::{Paint, delta, fit, harmless, time, value};

/// The widest that a name's column gets on a terminal.
const NAME: usize = 24;

/// The block, with a blank line behind it. `json` is the detection as it is written for programs. In a
/// `terminal` of so many places long values are wrapped and what differed is shortened; elsewhere
/// everything is whole.
pub(super) fn block(
    detection: &Detection<'_>,
    json: &Value,
    paint: Paint,
    terminal: Option<usize>,
) -> String {
    let places = terminal.unwrap_or(usize::MAX);
    let mut block = String::new();
    let meta = &detection.rule.meta;
    let severity = format!(" {} ", meta.severity.to_uppercase());
    let beside = severity.chars().count().saturating_add(1);
    let title = wrapped(&harmless(&meta.title), places.saturating_sub(beside));
    for (index, part) in title.iter().enumerate() {
        let before = match index {
            0 => paint.severity(&meta.severity, &severity),
            _ => " ".repeat(beside.saturating_sub(1)),
        };
        let _ = writeln!(block, "{before} {}", paint.strong(part));
    }
    let mut about = format!(
        "{} UTC  {}  {}",
        time(detection.time, false),
        detection.rule.name,
        detection.id
    );
    for words in [&meta.tactics, &meta.techniques] {
        if !words.is_empty() {
            let _ = write!(about, "  {}", harmless(&words.join(", ")));
        }
    }
    for part in wrapped(&about, places.saturating_sub(2)) {
        let _ = writeln!(block, "  {}", paint.faint(part.trim_start()));
    }

    let keys = members(json.get("key"));
    let fields: Vec<_> = members(json.get("fields"))
        .into_iter()
        .filter(|field| !keys.contains(field))
        .collect();
    let differences = differences(detection, json);
    let names = keys.iter().chain(&fields).map(|(name, _)| name.as_str());
    let names = names.chain(detection.events.iter().map(|event| event.step));
    let names = names.chain(differences.iter().map(|(name, _)| name.as_str()));
    let width = names
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0)
        .min(terminal.map_or(usize::MAX, |_| NAME));
    let room = places.saturating_sub(width.saturating_add(4));

    for (name, text) in &keys {
        for (index, part) in wrapped(text, room).iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            let _ = writeln!(block, "  {}  {}", fit(name, width), paint.strong(part));
        }
    }
    let times = detection.events.iter().map(|event| event.time).enumerate();
    let earliest = times.min_by_key(|(_, time)| *time);
    let (earliest, first) = earliest.unwrap_or((0, detection.time));
    for (index, event) in detection.events.iter().enumerate() {
        let mut after = match event.time.saturating_sub(first) {
            _ if index == earliest => String::new(),
            span => format!("  {}", paint.strong(&delta(span))),
        };
        if let Some(count) = event.count {
            let events = if count == 1 {
                "event"
            } else {
                "events, the last"
            };
            let _ = write!(after, "  ({count} {events})");
        }
        let _ = writeln!(
            block,
            "  {}  {}{after}",
            fit(event.step, width),
            time(event.time, true)
        );
    }
    if !differences.is_empty() {
        compared(&mut block, detection, &differences, (width, room), paint);
    }
    for (name, text) in &fields {
        for (index, part) in wrapped(text, room).iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            let _ = writeln!(block, "  {}  {part}", paint.faint(&fit(name, width)));
        }
    }
    for exclusion in &detection.excluded_by {
        let reason = exclusion
            .reason
            .as_deref()
            .map(|reason| format!(": {reason}"))
            .unwrap_or_default();
        let said = harmless(&format!("excluded by \"{}\"{reason}", exclusion.name));
        for part in wrapped(&said, places.saturating_sub(2)) {
            let _ = writeln!(block, "  {}", paint.faint(&part));
        }
    }
    block.push('\n');
    block
}

/// A table of what differed, one column a step. `width` is that of the names, `room` what is left beside
/// them.
fn compared(
    block: &mut String,
    detection: &Detection<'_>,
    differences: &[(String, Vec<String>)],
    (width, room): (usize, usize),
    paint: Paint,
) {
    let mut widths: Vec<usize> = (0..detection.events.len())
        .map(|step| {
            let cells = differences.iter().filter_map(|(_, cells)| cells.get(step));
            let cells = cells.map(|cell| cell.chars().count());
            let head = detection
                .events
                .get(step)
                .map_or(0, |event| event.step.chars().count());
            cells.max().unwrap_or(0).max(head)
        })
        .collect();
    let between = widths.len().saturating_sub(1).saturating_mul(2);
    shrink(&mut widths, room.saturating_sub(between));
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<_> = cells
            .zip(&widths)
            .map(|(cell, width)| fit(cell, *width))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    let head = line(&mut detection.events.iter().map(|event| event.step));
    let _ = writeln!(block, "  {}  {}", fit("", width), paint.faint(&head));
    for (name, cells) in differences {
        let cells = line(&mut cells.iter().map(String::as_str));
        let _ = writeln!(block, "  {}  {cells}", paint.faint(&fit(name, width)));
    }
}

/// The fields that not all steps have alike, with one text a step; empty where a step lacks it. The
/// times are left out, they have lines of their own.
fn differences(detection: &Detection<'_>, json: &Value) -> Vec<(String, Vec<String>)> {
    let events: Vec<_> = detection
        .events
        .iter()
        .map(|event| members(json.get("events").and_then(|events| events.get(event.step))))
        .collect();
    if events.len() < 2 {
        return Vec::new();
    }
    let mut seen: Vec<(String, Vec<String>)> = Vec::new();
    for (name, _) in events.iter().flatten() {
        if name == "time" || seen.iter().any(|(other, _)| other == name) {
            continue;
        }
        let of = |event: &Vec<(String, String)>| {
            let found = event.iter().find(|(other, _)| other == name);
            found.map(|(_, text)| text.clone()).unwrap_or_default()
        };
        seen.push((name.clone(), events.iter().map(of).collect()));
    }
    seen.retain(|(_, cells)| cells.windows(2).any(|pair| pair.first() != pair.last()));
    seen
}

/// The members of an object as texts.
fn members(object: Option<&Value>) -> Vec<(String, String)> {
    let Some(Value::Object(members)) = object else {
        return Vec::new();
    };
    members
        .iter()
        .map(|(name, member)| (harmless(name), value(member)))
        .collect()
}
