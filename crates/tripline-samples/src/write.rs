//! Writes a stream: lines of records, or lines of envelopes.

use std::io::{self, Write};

use crate::options::{Envelope, Options, Role};
use crate::plan::Kind;
use crate::stream::{Sample, Samples};

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Records in all.
    pub records: u64,
    /// Bytes in all, line ends and envelopes included.
    pub bytes: u64,
    /// Interactive sign-ins, doubles included.
    pub interactive: u64,
    /// Non-interactive sign-ins, doubles included.
    pub non_interactive: u64,
    /// Records of other categories, doubles included.
    pub other: u64,
    /// Lines that are not records.
    pub broken: u64,
    /// Sign-ins that failed.
    pub failures: u64,
    /// Records delivered a second time.
    pub duplicates: u64,
    /// Tokens of stolen sessions, doubles not counted.
    pub stolen_tokens: u64,
}

impl Summary {
    /// Counts one record, without its bytes.
    pub fn count(&mut self, sample: &Sample) {
        self.records += 1;
        self.duplicates += u64::from(sample.duplicate);
        match sample.kind {
            Kind::Interactive => self.interactive += 1,
            Kind::NonInteractive => self.non_interactive += 1,
            Kind::Other => self.other += 1,
            Kind::Broken => self.broken += 1,
        }
        if let Some(facts) = &sample.facts {
            self.failures += u64::from(facts.result != 0);
            let stolen = facts.role == Role::Attack
                && sample.kind == Kind::NonInteractive
                && !sample.duplicate;
            self.stolen_tokens += u64::from(stolen);
        }
    }
}

/// How many records an envelope holds.
const ENVELOPE: usize = 100;

/// Writes the stream of `options` to `out`, a line at a time.
///
/// # Errors
/// Those of `out`.
pub fn generate(options: &Options, out: &mut impl Write) -> io::Result<Summary> {
    let mut summary = Summary::default();
    let mut held: Vec<String> = Vec::new();
    for sample in Samples::new(options) {
        summary.count(&sample);
        match options.envelope {
            Envelope::None => summary.bytes += line(out, &sample.record)?,
            // A line that is not JSON would break the whole envelope: it stands by itself.
            Envelope::Records if sample.kind == Kind::Broken => {
                summary.bytes += line(out, &sample.record)?
            }
            Envelope::Records => {
                held.push(sample.record);
                if held.len() == ENVELOPE {
                    summary.bytes += envelope(out, &mut held)?;
                }
            }
        }
    }
    if !held.is_empty() {
        summary.bytes += envelope(out, &mut held)?;
    }
    out.flush()?;
    Ok(summary)
}

fn envelope(out: &mut impl Write, held: &mut Vec<String>) -> io::Result<u64> {
    let text = format!("{{\"records\":[{}]}}", held.join(","));
    held.clear();
    line(out, &text)
}

/// Writes one line; gives its length with the end.
pub(crate) fn line(out: &mut impl Write, text: &str) -> io::Result<u64> {
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    Ok(text.len() as u64 + 1)
}
