//! What the module says on standard error, which reaches the shipper's own. Each kind of thing is
//! said at once when it happens first, and then at most once a minute with how often it happened
//! since: a stream of broken records must not become a stream of messages.

use std::collections::HashMap;
use std::io::Write as _;

/// A kind of thing that happens to records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// There are no rules.
    NoRules,
    /// Records that cannot be read.
    Unreadable,
    /// Events without a time.
    NoTime,
    /// Events older than the watermark.
    TooLate,
    /// Events dropped because a limit was reached.
    Evicted,
    /// The state could not be written.
    State,
    /// The counters could not be written.
    Counters,
    /// Something could not be given as it should be.
    Output,
    /// Events dated ahead of the clock.
    Ahead,
}

/// Nanoseconds between two messages of one kind.
const PAUSE: i64 = 60_000_000_000;

/// Says things.
pub struct Voice {
    /// Whether it is the module's (standard error) or a test's.
    silent: bool,
    /// What it says of itself, so that several filters can be told apart.
    name: String,
    topics: HashMap<Topic, Said>,
    /// The last few things said, for tests.
    said: Vec<String>,
}

struct Said {
    at: i64,
    since: u64,
}

impl Voice {
    /// A voice that speaks on standard error.
    pub fn new() -> Voice {
        Voice {
            silent: false,
            name: "tripline".to_owned(),
            topics: HashMap::new(),
            said: Vec::new(),
        }
    }

    /// A voice that only remembers what it says.
    pub fn silent() -> Voice {
        Voice {
            silent: true,
            ..Voice::new()
        }
    }

    /// How it calls itself from now on.
    pub fn call(&mut self, name: String) {
        self.name = name;
    }

    /// Says something that happens seldom: a start, a reload.
    pub fn announce(&mut self, text: &str) {
        self.line("", text);
    }

    /// Says that something is wrong that happens seldom.
    pub fn warn(&mut self, text: &str) {
        self.line("warning: ", text);
    }

    /// Says that something is wrong with a record, at a bounded rate. `now` is nanoseconds since 1970.
    pub fn complain(&mut self, topic: Topic, now: i64, text: impl FnOnce() -> String) {
        if let Some(said) = self.topics.get_mut(&topic)
            && (said.at..said.at.saturating_add(PAUSE)).contains(&now)
        {
            said.since += 1;
            return;
        }
        let before = self.topics.insert(topic, Said { at: now, since: 0 });
        let text = match before.map_or(0, |said| said.since) {
            0 => text(),
            since => format!("{} ({since} more since this was last said)", text()),
        };
        self.line("warning: ", &text);
    }

    /// What was said, oldest first; only a silent voice remembers.
    pub fn said(&self) -> &[String] {
        &self.said
    }

    /// Text of several lines is said as it is, below a first line of our own.
    fn line(&mut self, kind: &str, text: &str) {
        let line = format!("[{}] {kind}{}\n", self.name, text.trim_end());
        if self.silent {
            self.said.push(line);
            return;
        }
        // One write, so that lines of several filters do not mix. Whoever reads standard error may
        // be gone; there is nobody left to tell.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

impl Default for Voice {
    fn default() -> Voice {
        Voice::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_complaints_of_one_kind_are_said_once_and_counted() {
        let mut voice = Voice::silent();
        for at in 0..1000 {
            voice.complain(Topic::Unreadable, at, || "a record cannot be read".into());
        }
        voice.complain(Topic::NoTime, 5, || "an event has no time".into());
        assert_eq!(voice.said().len(), 2);
        voice.complain(Topic::Unreadable, PAUSE, || {
            "a record cannot be read".into()
        });
        let last = voice.said().last().unwrap();
        assert!(last.contains("999 more"), "{last}");
    }
}
