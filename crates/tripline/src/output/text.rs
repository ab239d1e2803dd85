//! Text for a terminal: times, spans of time, cells of a table, and log data made harmless.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Color, Style};
use chrono::DateTime;
use serde_json::Value;

/// Log data comes from anybody, and a terminal obeys control characters: they are shown as escapes.
pub(super) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        // Besides the control characters, those that turn the direction of what follows.
        if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            let _ = write!(shown, "{}", c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A value of a detection: text as it is, everything else as JSON.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => harmless(text),
        other => harmless(&other.to_string()),
    }
}

/// A text in exactly `width` places: filled up, or cut with an ellipsis.
pub(super) fn fit(text: &str, width: usize) -> String {
    let cut = cut(text, width);
    let filling = width.saturating_sub(cut.chars().count());
    cut + &" ".repeat(filling)
}

/// A text in at most `width` places.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// An instant as `2026-05-04 10:12:31` in UTC, with milliseconds where `exact`.
pub(crate) fn time(nanos: i64, exact: bool) -> String {
    let format = if exact {
        "%Y-%m-%d %H:%M:%S%.3f"
    } else {
        "%Y-%m-%d %H:%M:%S"
    };
    DateTime::from_timestamp_nanos(nanos)
        .format(format)
        .to_string()
}

/// A span of time as `+2m 30s`, exact to the millisecond.
pub(super) fn delta(nanos: i64) -> String {
    let sign = if nanos < 0 { '-' } else { '+' };
    let millis = nanos.unsigned_abs() / 1_000_000;
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let mut shown = String::from(sign);
    for (length, unit) in [(86_400, "d"), (3_600, "h"), (60, "m")] {
        if seconds >= length {
            let count = match length {
                86_400 => seconds / length,
                3_600 => seconds / length % 24,
                _ => seconds / length % 60,
            };
            let _ = write!(shown, "{count}{unit} ");
        }
    }
    let _ = match millis {
        0 => write!(shown, "{}s", seconds % 60),
        _ => write!(shown, "{}.{millis:03}s", seconds % 60),
    };
    shown
}

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    /// A text in a style.
    pub(super) fn text(self, style: Style, text: &str) -> String {
        if self.0 {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// A text that matters less.
    pub(super) fn faint(self, text: &str) -> String {
        self.text(Style::new().dimmed(), text)
    }

    /// A text that matters more.
    pub(super) fn strong(self, text: &str) -> String {
        self.text(Style::new().bold(), text)
    }

    /// A text in the colour of a severity.
    pub(super) fn severity(self, severity: &str, text: &str) -> String {
        let style = Style::new().bold();
        let colour = |colour: AnsiColor| Some(Color::Ansi(colour));
        let style = match severity {
            "critical" => style
                .fg_color(colour(AnsiColor::BrightWhite))
                .bg_color(colour(AnsiColor::Red)),
            "high" => style.fg_color(colour(AnsiColor::Red)),
            "medium" => style.fg_color(colour(AnsiColor::Yellow)),
            "low" => style.fg_color(colour(AnsiColor::Blue)),
            _ => style.fg_color(colour(AnsiColor::Cyan)),
        };
        self.text(style, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_data_cannot_reach_the_terminal_as_control_characters() {
        assert_eq!(
            harmless("a\u{1b}[2Jb\r\n\u{202e}c"),
            "a\\u{1b}[2Jb\\r\\n\\u{202e}c"
        );
        assert_eq!(harmless("Zürich 東京"), "Zürich 東京");
    }

    #[test]
    fn spans_of_time_are_exact() {
        assert_eq!(delta(150_000_000_000), "+2m 30s");
        assert_eq!(delta(0), "+0s");
        assert_eq!(delta(90_061_500_000_000), "+1d 1h 1m 1.500s");
        assert_eq!(delta(-1_000_000_000), "-1s");
    }

    #[test]
    fn cells_have_the_width_asked_for() {
        assert_eq!(fit("abc", 5), "abc  ");
        assert_eq!(fit("abcdef", 5), "abcd…");
        assert_eq!(fit("äöü", 3), "äöü");
    }
}
