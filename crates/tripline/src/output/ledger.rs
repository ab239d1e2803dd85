//! What a run keeps account of besides the engine: bytes, inputs, and the records and inputs that
//! could not be read, each with its place.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::dead_letter::DeadLetter;
use crate::exit::Failure;
use crate::input::{Block, KEPT_OF_TOO_LONG, Source};
use crate::pipeline::Scanned;

/// How many records that could not be read are named in the summary.
const NAMED: usize = 5;

/// What of an account a later run goes on with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    inputs: u64,
    bytes: u64,
    stored: u64,
    records: u64,
    too_long: u64,
    troubles: Vec<String>,
}

/// The account of a run.
#[derive(Default)]
pub(crate) struct Ledger {
    dead_letter: Option<DeadLetter>,
    /// The longest record that is read.
    limit: usize,
    /// For each input that was begun, by its index, its lines before the block at hand.
    lines_before: HashMap<usize, u64>,
    /// A place in the block at hand up to which lines have been counted, and how many there were.
    counted: (usize, u64),
    /// Inputs that were read, wholly or in part.
    pub(crate) inputs: u64,
    /// Bytes of records, decompressed.
    pub(crate) bytes: u64,
    /// Bytes as stored.
    pub(crate) stored: u64,
    /// Records seen.
    pub(crate) records: u64,
    /// Records longer than the limit.
    pub(crate) too_long: u64,
    /// The first records that could not be used, as sentences with their places.
    pub(crate) troubles: Vec<String>,
    /// The inputs that could not be read, or not to their end, and why.
    pub(crate) failures: Vec<(String, String)>,
}

impl Ledger {
    /// An account of records of at most `limit` bytes.
    pub(crate) fn new(dead_letter: Option<DeadLetter>, limit: usize) -> Ledger {
        Ledger {
            dead_letter,
            limit,
            ..Ledger::default()
        }
    }

    /// Goes on with the account of an earlier run, which had read so many lines of the inputs.
    pub(crate) fn go_on(&mut self, account: &Account, lines: impl Iterator<Item = (usize, u64)>) {
        self.inputs = account.inputs;
        self.bytes = account.bytes;
        self.stored = account.stored;
        self.records = account.records;
        self.too_long = account.too_long;
        self.troubles = account.troubles.iter().take(NAMED).cloned().collect();
        self.lines_before = lines.collect();
    }

    /// What a later run goes on with.
    pub(crate) fn account(&self) -> Account {
        Account {
            inputs: self.inputs,
            bytes: self.bytes,
            stored: self.stored,
            records: self.records,
            too_long: self.too_long,
            troubles: self.troubles.clone(),
        }
    }

    /// How many lines of an input have been read.
    pub(crate) fn lines(&self, input: usize) -> u64 {
        self.lines_before.get(&input).copied().unwrap_or(0)
    }

    /// Where the records go that could not be used.
    pub(crate) fn dead_letter(&mut self) -> Option<&mut DeadLetter> {
        self.dead_letter.as_mut()
    }

    /// Counts an input that something was read of, or that came to its end: an empty one has no block.
    pub(crate) fn read(&mut self, source: &Source) {
        if let Entry::Vacant(first) = self.lines_before.entry(source.index) {
            first.insert(0);
            self.inputs += 1;
        }
    }

    /// Opens the account of a block.
    pub(crate) fn begin(&mut self, block: &Block) -> Result<(), Failure> {
        self.read(block.source());
        self.counted = (0, 0);
        if block.begins_too_long() {
            self.records += 1;
            self.too_long += 1;
            let kept = block
                .bytes()
                .get(..KEPT_OF_TOO_LONG)
                .unwrap_or(block.bytes());
            let reason = format!(
                "unparsable: the record is longer than {} bytes; what follows is its beginning",
                self.limit
            );
            // A cut within a character would make text that is not text.
            let kept = match std::str::from_utf8(kept) {
                Err(error) if error.error_len().is_none() => {
                    kept.get(..error.valid_up_to()).unwrap_or(kept)
                }
                _ => kept,
            };
            self.note(block, 0, &reason, true, kept)?;
        }
        Ok(())
    }

    /// Closes the account of a block.
    pub(crate) fn end<Found>(&mut self, block: &Block, scanned: &Scanned<Found>) {
        *self.lines_before.entry(block.source().index).or_default() += scanned.lines;
        self.records += scanned.records.len() as u64;
        self.bytes += block.bytes().len() as u64;
        self.stored += block.stored();
    }

    /// Takes note of a record that could not be used; `name` says that the summary is to name it.
    /// Records of a block must come in their order.
    pub(crate) fn trouble(
        &mut self,
        block: &Block,
        record: &Range<usize>,
        reason: &str,
        name: bool,
    ) -> Result<(), Failure> {
        self.note(
            block,
            record.start,
            reason,
            name,
            block.bytes().get(record.clone()).unwrap_or_default(),
        )
    }

    fn note(
        &mut self,
        block: &Block,
        start: usize,
        reason: &str,
        name: bool,
        record: &[u8],
    ) -> Result<(), Failure> {
        let name = name && self.troubles.len() < NAMED;
        if !name && self.dead_letter.is_none() {
            return Ok(());
        }
        let (before, lines) = self.counted;
        let between = block.bytes().get(before..start).unwrap_or_default();
        let lines = lines + crate::input::framing::line_ends(between);
        self.counted = (start, lines);
        let before = self.lines_before.get(&block.source().index);
        let line = before.copied().unwrap_or(0) + lines + 1;
        let file = &block.source().name;
        if name {
            self.troubles.push(format!("{file}:{line}: {reason}"));
        }
        match &mut self.dead_letter {
            Some(dead_letter) => dead_letter.add(file, line, reason, record),
            None => Ok(()),
        }
    }

    /// Takes note of an input that could not be read.
    pub(crate) fn failed(&mut self, source: &Source, error: &str) {
        self.failures.push((source.name.clone(), error.to_owned()));
    }

    /// Writes what is still to be written.
    pub(crate) fn close(&mut self) -> Result<(), Failure> {
        self.dead_letter.as_mut().map_or(Ok(()), DeadLetter::flush)
    }
}
