//! The filters: what becomes of one record in the pipeline, whatever the rules say of it.

use tripline_lang::checked::ActionKind;
use tripline_lang::value::Encoding;

use super::{Buffers, Scanner};
use crate::program::{EventView, Program, holds};
use crate::record::{self, ReadError};

/// What the filters say of a record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Index of the first filter that drops it.
    pub drop: Option<usize>,
    /// The tags it gains, in order, each once.
    pub tags: Vec<String>,
    /// It could not be read; such a record passes.
    pub unreadable: Option<ReadError>,
    /// Some filter's schema accepts it.
    pub accepted: bool,
}

impl Scanner {
    /// Applies the filters to one JSON record.
    pub fn filter(&mut self, record: &[u8]) -> Verdict {
        self.filter_encoded(record, Encoding::Json)
    }

    /// Applies the filters to one record of any encoding.
    pub fn filter_encoded(&mut self, record: &[u8], encoding: Encoding) -> Verdict {
        let (program, buffers) = (self.rules.program(), &mut self.buffers);
        let mut verdict = Verdict::default();
        buffers.filter(program, record, encoding, &mut verdict);
        if !verdict.accepted
            && verdict.unreadable.is_none()
            && let Some(inner) = buffers.unwrap(program, record, encoding)
        {
            buffers.filter(program, &inner, Encoding::Json, &mut verdict);
        }
        verdict
    }
}

impl Buffers {
    /// Asks every filter whose schema accepts the record.
    fn filter(
        &mut self,
        program: &Program,
        record: &[u8],
        encoding: Encoding,
        verdict: &mut Verdict,
    ) {
        if let Err(error) = record::read(record, encoding, &program.paths, &mut self.slots) {
            verdict.unreadable = Some(error);
            return;
        }
        for (at, schema) in program.schemas.iter().enumerate() {
            let event = EventView::new(record, &self.slots, schema);
            if holds(&schema.accept, &&event, None) {
                verdict.accepted = true;
                for (index, filter) in program.filters.iter().enumerate() {
                    if filter.schema != at {
                        continue;
                    }
                    let mut decided = None;
                    for (kind, when) in &filter.actions {
                        let open = decided.is_none() || matches!(kind, ActionKind::Tag(_));
                        if !open || !holds(when, &&event, None) {
                            continue;
                        }
                        match kind {
                            ActionKind::Drop => decided = Some(true),
                            ActionKind::Keep => decided = Some(false),
                            ActionKind::Tag(tag) if !verdict.tags.contains(tag) => {
                                verdict.tags.push(tag.clone());
                            }
                            ActionKind::Tag(_) => {}
                        }
                    }
                    if decided.unwrap_or(filter.drops_rest) && verdict.drop.is_none() {
                        verdict.drop = Some(index);
                    }
                }
            }
        }
    }
}
