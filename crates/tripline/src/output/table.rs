//! Detections one a line, in columns as wide as the terminal allows. The widths are set before the first
//! detection, so that each line can be written as its detection comes.

use serde_json::Value;
use tripline_engine::Detection;

use super::text::{Paint, cut, fit, harmless, time, value};

/// The width where there is no terminal and `COLUMNS` is not set.
const WIDTH: usize = 140;

/// The width of the times, with and without the year.
const TIME: usize = 19;
const SHORT_TIME: usize = 14;

/// Terminals narrower than this get times without the year.
const NARROW: usize = 80;

/// The width of the severities.
const SEVERITY: usize = 8;

/// A title in less room than this says nothing and is left out.
const TITLE: usize = 8;

/// A table of detections.
pub(crate) struct Table {
    paint: Paint,
    time: usize,
    rule: usize,
    /// How wide keys are made; a longer one takes room from its title.
    key: usize,
    /// What keys and titles have together, with the two spaces between them.
    rest: usize,
}

impl Table {
    /// A table as wide as the terminal, for rules whose names have at most this length.
    pub(super) fn new(paint: Paint, longest_rule: usize) -> Table {
        let width = terminal_size::terminal_size()
            .map(|(width, _)| usize::from(width.0))
            .or_else(|| std::env::var("COLUMNS").ok()?.parse().ok())
            .unwrap_or(WIDTH);
        Table::of_width(paint, longest_rule, width)
    }

    fn of_width(paint: Paint, longest_rule: usize, width: usize) -> Table {
        let time = if width < NARROW { SHORT_TIME } else { TIME };
        // Two spaces between the columns.
        let room = width.saturating_sub(time + SEVERITY + 6);
        let rule = longest_rule.clamp(4, 28).min((room / 3).max(8));
        let rest = room.saturating_sub(rule).max(8);
        Table {
            paint,
            time,
            rule,
            key: (rest * 2 / 5).min(32),
            rest,
        }
    }

    /// Writes the names of the columns.
    pub(super) fn begin(&self, out: &mut Vec<u8>) {
        let line = self.line(
            &fit("SEVERITY", SEVERITY),
            ["TIME (UTC)", "RULE", "KEY", "TITLE"],
            "",
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
        let title = harmless(&meta.title);
        let excluded: Vec<_> = detection
            .excluded_by
            .iter()
            .map(|by| by.name.as_str())
            .collect();
        let excluded = harmless(&excluded.join(", "));
        let time = time(detection.time, false);
        let line = self.line(
            &severity,
            [&time, &detection.rule.name, &key.join(", "), &title],
            &excluded,
        );
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }

    /// A line. The key is cut only where there is no room for it even without a title; the names of
    /// exclusions take at most half of the title's room.
    fn line(&self, severity: &str, [time, rule, key, title]: [&str; 4], excluded: &str) -> String {
        // The year goes first.
        let time = if self.time < TIME && time.len() == TIME {
            time.get(TIME.saturating_sub(self.time)..).unwrap_or(time)
        } else {
            time
        };
        let key_width = key.chars().count().max(self.key);
        let room = self.rest.saturating_sub(key_width + 2);
        let shown = if excluded.is_empty() {
            cut(title, room)
        } else if room < "[excluded] ".len() + TITLE {
            cut("[excluded]", room)
        } else {
            let names = (room / 2).saturating_sub("[excluded: ] ".len());
            let mark = match names {
                0..TITLE => "[excluded]".to_owned(),
                _ => format!("[excluded: {}]", cut(excluded, names)),
            };
            let left = room.saturating_sub(mark.chars().count() + 1);
            format!("{mark} {}", cut(title, left))
        };
        let tail = if room < TITLE {
            cut(key, self.rest)
        } else {
            format!("{}  {shown}", fit(key, key_width))
        };
        let line = format!(
            "{}  {severity}  {}  {tail}",
            fit(time, self.time),
            fit(rule, self.rule)
        );
        line.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2026-05-04 10:02:30";
    const KEY: &str = "ada.lovelace@example.org";
    const RULE: &str = "device-code-then-token-elsewhere";

    fn line(width: usize, key: &str, excluded: &str) -> String {
        let table = Table::of_width(Paint(false), RULE.len(), width);
        let severity = fit("critical", SEVERITY);
        table.line(
            &severity,
            [
                TIME,
                RULE,
                key,
                "A token from elsewhere, soon after a sign-in",
            ],
            excluded,
        )
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_from_60_columns_on() {
        for width in 60..200 {
            for key in ["x", KEY, &KEY.repeat(5)] {
                for excluded in ["", "build", &"build agents, ".repeat(9)] {
                    let line = line(width, key, excluded);
                    assert!(line.chars().count() <= width, "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_key_is_not_cut_before_the_title() {
        for width in 80..200 {
            assert!(line(width, KEY, "").contains(KEY), "{width}");
        }
        assert!(line(60, "ada@example.org", "").contains("ada@example.org"));
        assert!(line(60, KEY, "").starts_with("05-04 10:02:30  critical"));
    }

    #[test]
    fn names_of_exclusions_leave_room_for_the_title() {
        let line = line(140, KEY, &"build agents, ".repeat(9));
        assert!(
            line.contains("[excluded: ") && line.contains("] A token"),
            "{line}"
        );
    }
}
