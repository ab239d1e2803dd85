//! One filter of the shipper: its settings, its rules, its engine, and what it answers for each
//! record. Called by `exports` once a record; everything that happens now and then (an edited rule, a
//! snapshot, the counters) happens here between two records, because a module runs only when called.

use std::ops::Range;
use std::time::Duration;

use chrono::{DateTime, NaiveDate};
use tripline_engine::lang::value::Encoding;
use tripline_engine::{Detection, Emission, Engine, Fate, Options, RuleSet, Scanner, Sink};
use tripline_output::annotation::Annotation;
use tripline_output::outcome::rules_text;

use crate::answer::{Answer, Found, annotate, write_message_pack};
use crate::counters::Counters;
use crate::folders::Deployment;
use crate::mode::Mode;
use crate::rules::{Loaded, Rules};
use crate::settings::Settings;
use crate::state::Keeper;
use crate::voice::{Topic, Voice};

/// One filter.
pub struct Session {
    settings: Settings,
    rules: Rules,
    /// The set in force, until it is given to what runs it.
    loaded: Option<RuleSet>,
    state_folder: Option<std::path::PathBuf>,
    running: Option<Running>,
    voice: Voice,
    /// When the rules' files are looked at next, nanoseconds since 1970.
    look_at: i64,
    /// When they were looked at last.
    looked_at: i64,
    counters: Counters,
    out: Vec<u8>,
}

/// What the first call begins, because only then the mode is known.
struct Running {
    mode: Mode,
    engine: Engine,
    filters: Option<Scanner>,
    keeper: Option<Keeper>,
    today: NaiveDate,
    /// Evicted events that have been told.
    evicted: u64,
    gathered: Gathered,
}

/// What the engine gives for one record.
#[derive(Default)]
struct Gathered {
    annotate: bool,
    annotation: Annotation,
    found: Found,
    fate: Option<Fate>,
    failed: Option<String>,
}

impl Sink for Gathered {
    fn detection(&mut self, detection: Detection<'_>) {
        let taken = if self.annotate {
            self.annotation.add(&detection)
        } else {
            self.found.add(&detection)
        };
        if let Err(error) = taken {
            self.failed = Some(format!(
                "a detection of `{}` cannot be written: {error}",
                detection.rule.name
            ));
        }
    }

    fn fate(&mut self, _record: usize, fate: Fate) {
        self.fate = Some(fate);
    }
}

impl Session {
    /// Opens what was found: loads the rules and says what came of it. `now` is nanoseconds since
    /// 1970.
    pub fn open(found: Deployment, mut voice: Voice, now: i64) -> Session {
        let Deployment {
            settings,
            problem,
            origin,
            state,
        } = found;
        if let Some(problem) = problem {
            voice.warn(&problem);
        }
        let mut session = Session {
            rules: Rules::new(origin, settings.event_fields),
            settings,
            loaded: None,
            state_folder: state,
            running: None,
            voice,
            look_at: i64::MIN,
            looked_at: i64::MIN,
            counters: Counters::new(now),
            out: Vec::new(),
        };
        match session.rules.load(day(now)) {
            Ok(loaded) => session.begin_with(loaded),
            Err(error) => session.voice.warn(&format!(
                "no rules are in force, so nothing is detected, filtered or annotated:\n{error}"
            )),
        }
        session.look_later(now);
        session
    }

    fn begin_with(&mut self, loaded: Loaded) {
        if !loaded.warnings.is_empty() {
            self.voice.announce(&loaded.warnings);
        }
        self.voice.announce(&format!(
            "{}; lateness {}, state up to {} MiB{}",
            loaded.summary,
            span(self.settings.lateness),
            self.settings.max_state >> 20,
            match &self.state_folder {
                Some(folder) => format!(
                    ", kept in {} every {}",
                    folder.display(),
                    span(self.settings.state.every)
                ),
                None => ", not kept: no accessible folder has a folder `state`".to_owned(),
            }
        ));
        self.counters.rules_are(loaded.summary);
        self.loaded = Some(loaded.set);
    }

    /// What a record becomes. `now` is nanoseconds since 1970.
    pub fn record(&mut self, mode: Mode, record: &[u8], now: i64) -> Answer {
        // A clock that was set back must not make the next look a distant one.
        if now >= self.look_at || now < self.looked_at {
            self.look(now);
        }
        if self.running.as_ref().is_none_or(|run| run.mode != mode) && !self.begin(mode, now) {
            self.voice.complain(Topic::NoRules, now, || {
                "no rules are in force, so nothing is detected, filtered or annotated".to_owned()
            });
            let answer = rest(mode);
            self.counters.count(answer);
            return answer;
        }
        let Some(running) = &mut self.running else {
            return rest(mode);
        };
        let answer = running.record(record, &self.settings, &mut self.out);
        running.complain(now, &mut self.voice);
        if let Some(keeper) = &mut running.keeper {
            keeper.keep(&mut running.engine, &self.counters, now, &mut self.voice);
        }
        self.counters.count(answer);
        answer
    }

    /// The record that takes another's place after [`Answer::Give`], with a zero byte behind it.
    pub fn given(&self) -> &[u8] {
        &self.out
    }

    /// What was said, where the voice remembers it.
    pub fn voice(&self) -> &Voice {
        &self.voice
    }

    /// Begins to run the rules; false if there are none. A filter calls one function; if it calls
    /// another all the same, it begins anew.
    fn begin(&mut self, mode: Mode, now: i64) -> bool {
        let set = match (self.loaded.take(), self.running.take()) {
            (Some(set), _) => set,
            (None, Some(running)) => running.engine.rules().clone(),
            (None, None) => return false,
        };
        self.voice.call(format!("tripline {}", mode.name()));
        let today = day(now);
        let mut options = Options::new(today);
        options.lateness = self.settings.lateness;
        options.max_state = self.settings.max_state;
        options.range = until_tomorrow(now);
        options.emission = match mode {
            // A record is written as it arrives, so what is found later cannot be in it.
            Mode::Annotate => Emission::Early,
            _ => self.settings.emission,
        };
        self.counters.mode_is(mode);
        let filters = filters(mode, &set);
        let mut engine = Engine::new(set, options);
        let mut gathered = Gathered {
            annotate: mode == Mode::Annotate,
            ..Gathered::default()
        };
        let keeper = self.state_folder.as_deref().map(|folder| {
            let (state, voice) = (&self.settings.state, &mut self.voice);
            Keeper::open(folder, state, mode, &mut engine, &mut gathered, now, voice)
        });
        self.running = Some(Running {
            mode,
            // What a restart brings along has been told.
            evicted: engine.stats().evicted,
            engine,
            filters,
            keeper,
            today,
            gathered,
        });
        true
    }

    /// Looks whether rules were edited, and whether a new day has begun.
    fn look(&mut self, now: i64) {
        self.look_later(now);
        let today = day(now);
        if let Some(running) = &mut self.running {
            running.engine.set_range(until_tomorrow(now));
            if running.today != today {
                running.today = today;
                running.engine.set_today(today);
            }
        }
        if self.settings.reload.is_zero() || !self.rules.changed() {
            return;
        }
        match self.rules.load(today) {
            Ok(loaded) => {
                self.counters.reloaded();
                self.voice
                    .announce(&format!("rules were edited: {}", loaded.summary));
                if !loaded.warnings.is_empty() {
                    self.voice.announce(&loaded.warnings);
                }
                self.counters.rules_are(loaded.summary);
                match &mut self.running {
                    Some(running) => running.reload(loaded.set, &mut self.voice),
                    None => self.loaded = Some(loaded.set),
                }
            }
            Err(error) => {
                self.counters.reload_failed();
                let kept = match self.running.is_some() || self.loaded.is_some() {
                    true => "the rules that were in force stay so",
                    false => "no rules are in force",
                };
                self.voice.warn(&format!(
                    "rules were edited and are in error; {kept}:\n{error}"
                ));
            }
        }
    }

    /// Two looks must see the same, so that an edit takes effect within the interval there are two in
    /// it.
    fn look_later(&mut self, now: i64) {
        self.looked_at = now;
        let half = i64::try_from(self.settings.reload.as_nanos() / 2).unwrap_or(i64::MAX);
        self.look_at = now.saturating_add(half.max(SHORTEST));
        if self.settings.reload.is_zero() {
            // A new day is noticed all the same.
            self.look_at = now.saturating_add(MINUTE);
        }
    }
}

/// The shortest time between two looks, nanoseconds.
const SHORTEST: i64 = 50_000_000;

/// Nanoseconds of a minute.
const MINUTE: i64 = 60_000_000_000;

impl Running {
    /// What a record becomes.
    fn record(&mut self, record: &[u8], settings: &Settings, out: &mut Vec<u8>) -> Answer {
        self.gathered.fate = None;
        if let Some(filters) = &mut self.filters {
            let verdict = filters.filter(record);
            if self.mode == Mode::Filter {
                // What a filter cannot read passes, and is said as by the other functions.
                self.gathered.fate = verdict.unreadable.map(Fate::Unparsable);
                if verdict.drop.is_some() {
                    return Answer::Drop;
                }
            }
            self.gathered.annotation.tag(verdict.tags);
        }
        match self.mode {
            Mode::Filter => {}
            Mode::Annotate | Mode::Detect => {
                self.engine.push(record, &mut self.gathered);
            }
            Mode::DetectMessagePack => {
                let encoding = Encoding::MessagePack;
                self.engine
                    .push_encoded(record, encoding, &mut self.gathered);
            }
        }
        out.clear();
        match self.mode {
            Mode::Annotate | Mode::Filter => {
                let gain = &mut self.gathered.annotation;
                if gain.is_empty() || !annotate(record, &settings.annotation, gain, out) {
                    return Answer::Pass;
                }
                gain.clear();
            }
            Mode::Detect | Mode::DetectMessagePack => {
                let Some(detection) = self.gathered.found.take() else {
                    return Answer::Drop;
                };
                if self.mode == Mode::DetectMessagePack {
                    write_message_pack(&detection, out);
                } else if let Err(error) = serde_json::to_writer(&mut *out, &detection) {
                    self.gathered.failed = Some(format!("a detection cannot be written: {error}"));
                    return Answer::Drop;
                }
            }
        }
        out.push(0);
        Answer::Give
    }

    /// Says what was wrong with the record at hand.
    fn complain(&mut self, now: i64, voice: &mut Voice) {
        match self.gathered.fate {
            Some(Fate::Unparsable(error)) => voice.complain(Topic::Unreadable, now, || {
                format!("a record cannot be read, so no rule sees it: {error}")
            }),
            Some(Fate::NoTime) => voice.complain(Topic::NoTime, now, || {
                "an event has no time that its schema can read, so no rule sees it".to_owned()
            }),
            Some(Fate::TooLate) => voice.complain(Topic::TooLate, now, || {
                "an event is older than the lateness allows, so no rule sees it; if this goes on, set \
                 `lateness` higher in tripline.toml, or look for a record with a clock far ahead"
                    .to_owned()
            }),
            Some(Fate::OutOfRange) => voice.complain(Topic::Ahead, now, || {
                "an event is dated more than a day ahead of this machine's clock, so no rule sees it: it would \
                 make all that follow too late"
                    .to_owned()
            }),
            _ => {}
        }
        let omitted = self.gathered.found.omitted();
        if omitted > 0 {
            voice.complain(Topic::Output, now, || {
                format!("one record completed more detections than it can carry: {omitted} are not given")
            });
        }
        let evicted = self.engine.stats().evicted;
        if evicted > self.evicted {
            self.evicted = evicted;
            voice.complain(Topic::Evicted, now, || {
                format!(
                    "a limit of the state is reached: {evicted} events were dropped before their time, so \
                     detections may be missing; set `max_state` higher in tripline.toml"
                )
            });
        }
        if let Some(failed) = self.gathered.failed.take() {
            voice.complain(Topic::Output, now, || failed);
        }
    }

    /// Takes another rule set. What it settles has no record to go with, but is given with the next.
    fn reload(&mut self, set: RuleSet, voice: &mut Voice) {
        self.filters = filters(self.mode, &set);
        let reloaded = self.engine.reload(set, &mut self.gathered);
        voice.announce(&format!("goes on with {}", rules_text(&reloaded.rules)));
    }
}

/// What applies the filters of a set, where a mode does that and the set has any.
fn filters(mode: Mode, set: &RuleSet) -> Option<Scanner> {
    let applies = matches!(mode, Mode::Annotate | Mode::Filter);
    (applies && set.filters().next().is_some()).then(|| Scanner::new(set))
}

/// The answer for a record that nothing is known of.
fn rest(mode: Mode) -> Answer {
    if mode.drops_the_rest() {
        Answer::Drop
    } else {
        Answer::Pass
    }
}

/// The event times that take part: a record dated further ahead would make all that follow too late.
fn until_tomorrow(now: i64) -> Range<i64> {
    i64::MIN..now.saturating_add(24 * 60 * MINUTE)
}

/// The day of an instant (UTC).
fn day(now: i64) -> NaiveDate {
    DateTime::from_timestamp_nanos(now).date_naive()
}

/// A span of time as it is written in the settings.
fn span(of: Duration) -> String {
    let seconds = of.as_secs();
    match seconds {
        0 => format!("{}ms", of.as_millis()),
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
