//! The fields of a detection's events that no rule reads, taken from the records themselves: where
//! the inputs are mapped files, events are kept with only what the rules need and the place of their
//! record, and the few that come to be part of a detection are read once more. This keeps the state
//! small and the scan fast; what is shown is the same as if all fields had been kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use memmap2::Mmap;
use tripline_engine::record::json::value_end;
use tripline_engine::{Detection, RuleSet, Scanner};

use crate::input::{Block, Origin};

/// How many inputs stay mapped for this. An event whose input is older than that shows the fields
/// that were kept; with the lateness and the window of a rule, that takes thousands of files an hour.
const MAPPED: usize = 4096;

/// Reads events once more.
pub(crate) struct Completion {
    /// Compiled with all declared fields.
    rules: RuleSet,
    scanner: Scanner,
    /// The latest inputs, by index.
    maps: BTreeMap<usize, Arc<Mmap>>,
}

impl Completion {
    /// For a rule set compiled with [`tripline_engine::EventFields::Declared`].
    pub(crate) fn new(rules: RuleSet) -> Completion {
        Completion {
            scanner: Scanner::new(&rules),
            maps: BTreeMap::new(),
            rules,
        }
    }

    /// Reads with other rules from now on.
    pub(crate) fn change(&mut self, rules: RuleSet) {
        self.scanner = Scanner::new(&rules);
        self.rules = rules;
    }

    /// Remembers the input of a block.
    pub(crate) fn remember(&mut self, block: &Block) {
        if let Some(map) = block.map() {
            self.keep(block.source().index, map);
        }
    }

    /// Remembers an input that was read before, by its number.
    pub(crate) fn keep(&mut self, index: usize, map: &Arc<Mmap>) {
        if self.maps.contains_key(&index) {
            return;
        }
        self.maps.insert(index, Arc::clone(map));
        if self.maps.len() > MAPPED {
            self.maps.pop_first();
        }
    }

    /// The detection with all declared fields of its events.
    pub(crate) fn complete<'d>(&'d mut self, mut detection: Detection<'d>) -> Detection<'d> {
        // While rules change, detections of old ones and new ones come, and each has its own number.
        let known = self.rules.rules();
        let is_same = |at: &usize| {
            let known = known.get(*at).map(|rule| &rule.meta.id);
            known == Some(&detection.rule.meta.id)
        };
        let Some(rule) = Some(detection.rule_index).filter(is_same) else {
            return detection;
        };
        for (step, event) in detection.events.iter_mut().enumerate() {
            let record = event.origin.and_then(|origin| {
                let (input, place) = Origin(origin).parts();
                let map = self.maps.get(&input)?;
                let end = value_end(map, place).ok()?;
                map.get(place..end)
            });
            let Some(record) = record else { continue };
            let fields = self.scanner.fields(rule, step, record).into_iter();
            let rules = &self.rules;
            let named = fields
                .filter_map(|(field, value)| Some((rules.field_name(rule, step, field)?, value)));
            let named: Vec<_> = named.collect();
            if !named.is_empty() {
                event.fields = named;
            }
        }
        detection
    }
}
