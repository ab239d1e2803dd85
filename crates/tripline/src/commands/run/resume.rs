//! Opens what a run reads and writes: anew, or where an earlier run left it (`--state`). Called once,
//! before the first record.
//!
//! INVARIANT: nothing that an earlier run wrote is lost: a state that is not understood is set aside,
//! and with it the outputs that it spoke of.

use std::io::Write as _;
use std::path::Path;

use tripline_engine::{Detection, Engine, Sink};
use tripline_output::outcome::restored_text;
use tripline_state::{Found, Keeper, Kind, Lock, StateError, set_aside};

use super::Arguments;
use crate::exit::Failure;
use crate::input::{Entry, Input, Look};
use crate::output::files::{self, Growing, Left};
use crate::state::{self, Head, Positions};

/// What a run begins with.
pub(super) struct Opened {
    /// The inputs, each from where it is read.
    pub(super) entries: Vec<Entry>,
    /// How far they have been read.
    pub(super) positions: Positions,
    /// Files that events are kept of, by the number of the input.
    pub(super) looks: Vec<(usize, Look)>,
    /// The file of `--output`.
    pub(super) output: Option<Growing>,
    /// The file of `--dead-letter`.
    pub(super) dead_letter: Option<Growing>,
    /// What writes the state.
    pub(super) keeper: Option<Keeper>,
    /// What an earlier run left.
    pub(super) before: Option<Before>,
}

/// What an earlier run left.
pub(super) struct Before {
    /// All but the engine's snapshot.
    pub(super) head: Head,
    /// The engine's snapshot, where restoring it settled something that is still to be written.
    pub(super) again: Option<Vec<u8>>,
}

/// Opens everything; `engine` goes on with the state if there is one.
pub(super) fn open(
    arguments: &Arguments,
    inputs: Vec<Input>,
    written_as: &str,
    engine: &mut Engine,
) -> Result<Opened, Failure> {
    let Some(path) = &arguments.state else {
        let create = |path: &Option<_>| path.as_deref().map(Growing::create).transpose();
        return Ok(Opened {
            positions: Positions::default(),
            entries: Entry::fresh(inputs),
            looks: Vec::new(),
            output: create(&arguments.output)?,
            dead_letter: create(&arguments.dead_letter)?,
            keeper: None,
            before: None,
        });
    };
    let lock = Lock::take(Kind::Run, path)?;
    let keeper = Some(Keeper::new(Kind::Run, path, arguments.state_every, lock));
    match restored(arguments, path, written_as, engine)? {
        Some(before) => go_on(arguments, inputs, keeper, before),
        None => begin(arguments, inputs, keeper),
    }
}

/// There is nothing to go on from.
fn begin(
    arguments: &Arguments,
    inputs: Vec<Input>,
    keeper: Option<Keeper>,
) -> Result<Opened, Failure> {
    let create = |path: &Option<std::path::PathBuf>| -> Result<Option<Growing>, Failure> {
        let Some(path) = path else { return Ok(None) };
        if files::has_content(path) {
            let aside = set_aside(path).map_err(|source| Failure::File {
                doing: "cannot set aside",
                path: path.display().to_string(),
                source,
            })?;
            say(&format!(
                "{} holds what no state speaks of; it was set aside as {}",
                path.display(),
                aside.display()
            ));
        }
        Growing::create(path).map(Some)
    };
    let entries = Entry::fresh(inputs);
    Ok(Opened {
        positions: Positions::new(Vec::new(), entries.len()),
        entries,
        looks: Vec::new(),
        output: create(&arguments.output)?,
        dead_letter: create(&arguments.dead_letter)?,
        keeper,
        before: None,
    })
}

/// Goes on from what an earlier run left.
fn go_on(
    arguments: &Arguments,
    inputs: Vec<Input>,
    keeper: Option<Keeper>,
    before: Before,
) -> Result<Opened, Failure> {
    let head = &before.head;
    let matched = state::matched(inputs, head.inputs.clone(), head.next_index);
    for note in &matched.notes {
        say(note);
    }
    // What a stream brought is not read again, so nothing that came of it may be cut off.
    let again = matched.entries.iter().all(|entry| match &entry.input {
        Input::File(path) => !path.exists() || path.is_file(),
        Input::Standard => Look::at(&entry.input).is_some(),
        Input::Unreadable(..) => true,
    });
    let resume = |path: &Option<std::path::PathBuf>, left: Option<&Left>| -> Result<_, Failure> {
        let Some(path) = path else { return Ok(None) };
        let (growing, note) = Growing::resume(path, left, again)?;
        if let Some(note) = note {
            say(&note);
        }
        Ok(Some(growing))
    };
    Ok(Opened {
        output: resume(&arguments.output, head.output.as_ref())?,
        dead_letter: resume(&arguments.dead_letter, head.dead_letter.as_ref())?,
        positions: Positions::new(matched.known, matched.next),
        entries: matched.entries,
        looks: matched.looks,
        keeper,
        before: Some(before),
    })
}

/// What an earlier run left, in the engine; nothing where there is nothing or it is not understood.
fn restored(
    arguments: &Arguments,
    path: &Path,
    written_as: &str,
    engine: &mut Engine,
) -> Result<Option<Before>, Failure> {
    let (head, snapshot) = match tripline_state::read::<Head>(Kind::Run, path)? {
        Found::Nothing => return Ok(None),
        Found::Not(error) => {
            not_gone_on_with(path, &error)?;
            return Ok(None);
        }
        Found::Kept(head, snapshot) => (*head, snapshot),
    };
    if !go_together(&head.written_as, written_as) {
        return Err(Failure::Usage(format!(
            "{} is the state of a run that writes {}, and this one writes {written_as}: give it a --state of \
             its own",
            path.display(),
            head.written_as
        )));
    }
    let mut counted = Counted(0);
    match engine.restore(&snapshot, &mut counted) {
        Ok(restored) => {
            if !arguments.quiet {
                say(&format!(
                    "goes on from {}: {}",
                    path.display(),
                    restored_text(&restored, "--max-state")
                ));
            }
            Ok(Some(Before {
                head,
                again: (counted.0 > 0).then_some(snapshot),
            }))
        }
        Err(error) => {
            not_gone_on_with(path, &error.into())?;
            Ok(None)
        }
    }
}

/// Renames a state that is not gone on with, and says why and to what.
fn not_gone_on_with(state: &Path, why: &StateError) -> Result<(), Failure> {
    let aside = set_aside(state).map_err(|source| Failure::File {
        doing: "cannot set aside",
        path: state.display().to_string(),
        source,
    })?;
    say(&format!(
        "{} is not gone on with, so the run begins anew: {why}; it was set aside as {}",
        state.display(),
        aside.display()
    ));
    Ok(())
}

/// Whether what two runs write can be one output. To standard output a format may follow another.
fn go_together(one: &str, other: &str) -> bool {
    match (one.split_once(" as "), other.split_once(" as ")) {
        (Some(one), Some(other)) => one == other,
        (one_to_file, other_to_file) => {
            one_to_file.map_or(one, |(mode, _)| mode)
                == other_to_file.map_or(other, |(mode, _)| mode)
        }
    }
}

/// Counts what is given.
struct Counted(u64);

impl Sink for Counted {
    fn detection(&mut self, _: Detection<'_>) {
        self.0 = self.0.saturating_add(1);
    }

    fn wants_suppressed(&self) -> bool {
        true
    }
}

fn say(what: &str) {
    // A standard error that is gone does not make the run worse.
    let _ = writeln!(anstream::stderr(), "{what}");
}
