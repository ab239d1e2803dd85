//! The inputs of a run beside those of the state: which are the same files and are gone on with, which
//! are new, and which are not what they were.
//!
//! INVARIANT: a number that an input once had is not given to another: events are kept with it. A file
//! whose content is not what was read is read from its beginning, under a new number.

use std::collections::BTreeMap;
use std::path::Path;

use super::Known;
use crate::input::{Block, Entry, Input, Look, STANDARD, Source, lasting};
use crate::output::ledger::Ledger;

/// How far every input has been read, as the consumer has taken it in.
#[derive(Debug, Default)]
pub(crate) struct Positions {
    known: BTreeMap<usize, Known>,
    /// The number of the next new input.
    next: usize,
}

impl Positions {
    /// As an earlier run left them, and with numbers below `next` in use.
    pub(crate) fn new(known: Vec<Known>, next: usize) -> Positions {
        Positions {
            known: known
                .into_iter()
                .map(|known| (known.index, known))
                .collect(),
            next,
        }
    }

    /// A block has been taken in.
    pub(crate) fn taken(&mut self, block: &Block) {
        if let Some(known) = self.of(block.source()) {
            known.mark = block.mark().cloned();
            known.ended = false;
        }
    }

    /// An input has come to its end.
    pub(crate) fn ended(&mut self, source: &Source) {
        if let Some(known) = self.of(source) {
            known.ended = true;
        }
    }

    fn of(&mut self, source: &Source) -> Option<&mut Known> {
        let about = source.about.as_ref()?;
        let known = self.known.entry(source.index).or_insert_with(|| Known {
            index: source.index,
            about: about.clone(),
            mark: None,
            ended: false,
            lines: 0,
        });
        // It may have grown since, or be under another name.
        if known.about != *about {
            known.about = about.clone();
        }
        Some(known)
    }

    /// The number of the next new input.
    pub(crate) fn next(&self) -> usize {
        self.next
    }

    /// As they are to be kept.
    pub(crate) fn known(&self, ledger: &Ledger) -> Vec<Known> {
        let known = self.known.values().map(|known| Known {
            lines: ledger.lines(known.index),
            ..known.clone()
        });
        known.collect()
    }
}

/// What is to be read, and what there is to say about it.
#[derive(Default)]
pub(crate) struct Matched {
    /// The inputs, in the order named.
    pub(crate) entries: Vec<Entry>,
    /// What is known of those of the state that are still what they were, or may be again.
    pub(crate) known: Vec<Known>,
    /// The number of the next new input.
    pub(crate) next: usize,
    /// The files that are gone on with.
    pub(crate) looks: Vec<(usize, Look)>,
    /// A sentence for each input that is not simply gone on with.
    pub(crate) notes: Vec<String>,
    /// Numbers of files that are others now.
    replaced: Vec<usize>,
}

/// Finds the inputs of the state among those of this run. Numbers from `next` on are free.
pub(crate) fn matched(inputs: Vec<Input>, mut known: Vec<Known>, next: usize) -> Matched {
    let mut matched = Matched {
        next,
        ..Matched::default()
    };
    let looks: Vec<Option<Look>> = inputs.iter().map(Look::at).collect();
    // Of the same path first, so that a file that took the path of a renamed one is not mistaken.
    let paths = inputs.iter().zip(&looks);
    let mut found: Vec<Option<Known>> = paths
        .map(|(input, look)| matched.same_path(input, look.as_ref(), &mut known))
        .collect();
    for (found, look) in found.iter_mut().zip(&looks) {
        let Some(look) = look.as_ref().filter(|_| found.is_none()) else {
            continue;
        };
        *found = take(&mut known, |known| {
            known.mark.is_some()
                && known.about.id.is_some()
                && known.about.id == look.about.id
                && look.is_still(&known.about, known.mark.as_ref())
        });
    }
    for ((input, look), found) in inputs.into_iter().zip(looks).zip(found) {
        match found {
            Some(known) if known.about.live => matched.stream(input, known),
            Some(known) => matched.go_on(input, look, known),
            None => matched.begin(input),
        }
    }
    matched.leave(known);
    matched
}

impl Matched {
    /// The input of the state that has the path of this one, if it is still the same file.
    fn same_path(
        &mut self,
        input: &Input,
        look: Option<&Look>,
        known: &mut Vec<Known>,
    ) -> Option<Known> {
        let path = match (look, input) {
            (Some(look), _) => look.about.path.clone(),
            (None, Input::File(path) | Input::Unreadable(path, _)) => lasting(path),
            (None, Input::Standard) => STANDARD.to_owned(),
        };
        let Some(look) = look else {
            // A pipe, or a file that cannot be read now.
            return take(known, |known| known.about.path == path);
        };
        let at = |known: &&Known| !known.about.live && known.about.path == path;
        let before = known.iter().find(at)?;
        let index = before.index;
        if look.is_still(&before.about, before.mark.as_ref()) {
            return take(known, |known| known.index == index);
        }
        let why = if look.about.id == before.about.id {
            "has been cut short or written anew since it was read"
        } else {
            "is another file than the one that was read"
        };
        self.replaced.push(index);
        self.notes
            .push(format!("{path}: {why}, so it is read from its beginning"));
        None
    }

    /// An input of which nothing is known.
    fn begin(&mut self, input: Input) {
        self.entries.push(Entry {
            index: self.next,
            input,
            from: None,
            ended: false,
        });
        self.next = self.next.saturating_add(1);
    }

    /// A stream that goes on, or comes again.
    fn stream(&mut self, input: Input, known: Known) {
        self.notes.push(format!(
            "{}: a stream cannot be read again from where it was left; what its sender sends once more is \
             recognised, what it does not is not seen ({} bytes were taken in before)",
            known.about.path,
            known.mark.as_ref().map_or(0, |mark| mark.offset),
        ));
        self.entries.push(Entry {
            index: known.index,
            input,
            from: None,
            ended: false,
        });
    }

    /// A file that is what it was, up to where it was read.
    fn go_on(&mut self, input: Input, look: Option<Look>, known: Known) {
        let ended = match &look {
            Some(look) => known.ended && look.about.length == known.about.length,
            None => known.ended && !Path::new(&known.about.path).exists(),
        };
        self.entries.push(Entry {
            index: known.index,
            input,
            from: known.mark.clone(),
            ended,
        });
        if let Some(look) = look {
            self.looks.push((known.index, look));
        }
        self.known.push(known);
    }

    /// What is not among the inputs of this run.
    fn leave(&mut self, known: Vec<Known>) {
        for known in known {
            if known.about.live || self.replaced.contains(&known.index) {
                continue;
            }
            if !known.ended {
                self.notes.push(format!(
                    "{}: was not read to its end, and is not among the inputs any more",
                    known.about.path
                ));
            }
            // Kept for a later run that names it again. One that is gone will not come back.
            if Path::new(&known.about.path).exists() {
                self.known.push(known);
            }
        }
    }
}

/// Takes the first that is such.
fn take(known: &mut Vec<Known>, such: impl Fn(&Known) -> bool) -> Option<Known> {
    let at = known.iter().position(such)?;
    Some(known.remove(at))
}
