//! The head of a snapshot: what is small and has to be of one instant. The watermark, how much
//! follows, the counters, and each rule with its fingerprint and the names and types of the fields
//! that its events are kept with, so that an engine with other rules can tell what it can use.

use super::SnapshotError;
use super::format::{Reader, put_bytes};
use crate::correlate::carry::{Kept, KeptField};
use crate::fate::FateCounts;
use crate::stats::{RuleStats, SchemaStats, Stats};
use crate::varint;

/// What a snapshot says before its chunks.
pub(super) struct Head {
    pub(super) watermark: i64,
    pub(super) newest: Option<i64>,
    pub(super) oldest: Option<i64>,
    /// What the times of every chunk are counted from.
    pub(super) base: i64,
    /// How many of each the chunks hold.
    pub(super) known: u64,
    pub(super) given: u64,
    pub(super) events: u64,
    /// The counters; those of rules in the order of `rules`.
    pub(super) stats: Stats,
    pub(super) rules: Vec<Kept>,
}

impl Head {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.watermark.to_le_bytes());
        for time in [self.newest, self.oldest] {
            out.push(u8::from(time.is_some()));
            out.extend_from_slice(&time.unwrap_or(0).to_le_bytes());
        }
        out.extend_from_slice(&self.base.to_le_bytes());
        for count in [self.known, self.given, self.events] {
            varint::put(count, out);
        }
        let stats = &self.stats;
        let fates = &stats.records;
        for count in [
            fates.processed,
            fates.not_accepted,
            fates.unparsable,
            fates.no_time,
            fates.too_late,
            fates.duplicate,
            fates.out_of_range,
            stats.evicted,
        ] {
            varint::put(count, out);
        }
        varint::put(self.rules.len() as u64, out);
        for (rule, counters) in self.rules.iter().zip(&stats.rules) {
            put_rule(rule, counters, out);
        }
        varint::put(stats.schemas.len() as u64, out);
        for schema in &stats.schemas {
            put_bytes(schema.name.as_bytes(), out);
            varint::put(schema.sampled, out);
            put_counts(&schema.present, out);
        }
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Result<Head, SnapshotError> {
        let watermark = i64::from_le_bytes(reader.array()?);
        let newest = take_time(reader)?;
        let oldest = take_time(reader)?;
        let base = i64::from_le_bytes(reader.array()?);
        let (known, given, events) = (reader.number()?, reader.number()?, reader.number()?);
        let mut stats = Stats {
            records: FateCounts {
                processed: reader.number()?,
                not_accepted: reader.number()?,
                unparsable: reader.number()?,
                no_time: reader.number()?,
                too_late: reader.number()?,
                duplicate: reader.number()?,
                out_of_range: reader.number()?,
            },
            evicted: reader.number()?,
            ..Stats::default()
        };
        let mut rules = Vec::new();
        for _ in 0..reader.count(LEAST_RULE)? {
            let (rule, counters) = take_rule(reader)?;
            rules.push(rule);
            stats.rules.push(counters);
        }
        for _ in 0..reader.count(1)? {
            stats.schemas.push(SchemaStats {
                name: reader.text()?,
                sampled: reader.number()?,
                present: take_counts(reader)?,
            });
        }
        Ok(Head {
            watermark,
            newest,
            oldest,
            base,
            known,
            given,
            events,
            stats,
            rules,
        })
    }
}

/// The least that a rule takes.
const LEAST_RULE: usize = 34;

fn take_time(reader: &mut Reader<'_>) -> Result<Option<i64>, SnapshotError> {
    let known = reader.byte()? != 0;
    let time = i64::from_le_bytes(reader.array()?);
    Ok(known.then_some(time))
}

fn put_rule(rule: &Kept, counters: &RuleStats, out: &mut Vec<u8>) {
    put_bytes(rule.id.as_bytes(), out);
    put_bytes(rule.name.as_bytes(), out);
    out.extend_from_slice(&rule.fingerprint.to_le_bytes());
    out.extend_from_slice(&rule.begun.to_le_bytes());
    for count in [
        counters.detections,
        counters.excluded,
        counters.no_key,
        counters.evicted,
        counters.search_limited,
        counters.unknown_before,
    ] {
        varint::put(count, out);
    }
    put_counts(&counters.steps, out);
    put_counts(&counters.exclusions, out);
    varint::put(rule.steps.len() as u64, out);
    for fields in &rule.steps {
        varint::put(fields.len() as u64, out);
        for field in fields {
            put_bytes(field.name.as_bytes(), out);
            put_bytes(field.ty.as_bytes(), out);
        }
    }
}

fn take_rule(reader: &mut Reader<'_>) -> Result<(Kept, RuleStats), SnapshotError> {
    let (id, name) = (reader.text()?, reader.text()?);
    let fingerprint = u128::from_le_bytes(reader.array()?);
    let begun = i64::from_le_bytes(reader.array()?);
    let counters = RuleStats {
        name: name.clone(),
        detections: reader.number()?,
        excluded: reader.number()?,
        no_key: reader.number()?,
        evicted: reader.number()?,
        search_limited: reader.number()?,
        unknown_before: reader.number()?,
        steps: take_counts(reader)?,
        exclusions: take_counts(reader)?,
    };
    let mut steps = Vec::new();
    for _ in 0..reader.count(1)? {
        let mut fields = Vec::new();
        for _ in 0..reader.count(2)? {
            fields.push(KeptField {
                name: reader.text()?,
                ty: reader.text()?,
            });
        }
        steps.push(fields);
    }
    let rule = Kept {
        id,
        name,
        fingerprint,
        begun,
        steps,
    };
    Ok((rule, counters))
}

fn put_counts(counts: &[(String, u64)], out: &mut Vec<u8>) {
    varint::put(counts.len() as u64, out);
    for (name, count) in counts {
        put_bytes(name.as_bytes(), out);
        varint::put(*count, out);
    }
}

fn take_counts(reader: &mut Reader<'_>) -> Result<Vec<(String, u64)>, SnapshotError> {
    let mut counts = Vec::new();
    for _ in 0..reader.count(2)? {
        counts.push((reader.text()?, reader.number()?));
    }
    Ok(counts)
}
