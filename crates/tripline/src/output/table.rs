//! Detections one a line, in columns as wide as the terminal allows. The widths are set before the first
//! detection, so that each line can be written as its detection comes.

use serde_json::Value;
use tripline_engine::Detection;

use super::text::{Paint, cut, fit, harmless, time, value};

/// The width where there is no terminal and `COLUMNS` is not set.
const WIDTH: usize = 140;

/// The widths of the columns that do not depend on the terminal.
const TIME: usize = 19;
const SEVERITY: usize = 8;

/// A table of detections.
pub(crate) struct Table {
    paint: Paint,
    rule: usize,
    key: usize,
    title: usize,
}

impl Table {
    /// A table as wide as the terminal, for rules whose names have at most this length.
    pub(super) fn new(paint: Paint, longest_rule: usize) -> Table {
        let width = terminal_size::terminal_size()
            .map(|(width, _)| usize::from(width.0))
            .or_else(|| std::env::var("COLUMNS").ok()?.parse().ok())
            .unwrap_or(WIDTH);
        // Two spaces between the five columns.
        let rule = longest_rule.clamp(4, 28);
        let rest = width.saturating_sub(TIME + SEVERITY + rule + 8);
        let key = (rest / 2).clamp(12, 40);
        Table {
            paint,
            rule,
            key,
            title: rest.saturating_sub(key).max(12),
        }
    }

    /// Writes the names of the columns.
    pub(super) fn begin(&self, out: &mut Vec<u8>) {
        let line = self.line(
            &fit("SEVERITY", SEVERITY),
            ["TIME (UTC)", "RULE", "KEY", "TITLE"],
        );
        out.extend_from_slice(self.paint.faint(&line).as_bytes());
        out.push(b'\n');
    }

    /// Writes a detection.
    pub(super) fn detection(&self, detection: &Detection<'_>, json: &Value, out: &mut Vec<u8>) {
        let meta = &detection.rule.meta;
        let severity = match meta.severity.as_str() {
            "informational" => "info",
            other => other,
        };
        let severity = self
            .paint
            .severity(&meta.severity, &fit(severity, SEVERITY));
        let key: Vec<String> = match json.get("key") {
            Some(Value::Object(parts)) => parts.values().map(value).collect(),
            _ => Vec::new(),
        };
        let mut title = harmless(&meta.title);
        if !detection.excluded_by.is_empty() {
            let names: Vec<_> = detection
                .excluded_by
                .iter()
                .map(|by| by.name.as_str())
                .collect();
            title = format!("[excluded: {}] {title}", harmless(&names.join(", ")));
        }
        let time = time(detection.time, false);
        let line = self.line(
            &severity,
            [&time, &detection.rule.name, &key.join(", "), &title],
        );
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }

    fn line(&self, severity: &str, [time, rule, key, title]: [&str; 4]) -> String {
        let line = format!(
            "{}  {severity}  {}  {}  {}",
            fit(time, TIME),
            fit(rule, self.rule),
            fit(key, self.key),
            cut(title, self.title)
        );
        line.trim_end().to_owned()
    }
}
