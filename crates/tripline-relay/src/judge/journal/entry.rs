//! What a journal is made of: entries with a length and a checksum in front, written one behind the other.

use std::io::{self, BufRead, Read as _};

use tripline_engine::Encoding;
use xxhash_rust::xxh64::xxh64;

use crate::judge::pending::RecordId;

/// Length and checksum in front of an entry.
const HEAD: usize = 4 + 8;

/// The longest entry that is believed, so that a damaged length asks for no memory: twice the largest
/// request ([`Limits::MOST_REQUEST`](crate::Limits::MOST_REQUEST)), because lengths stand between records.
const LONGEST: u32 = 2 << 30;

/// Kinds of entry.
const RECORDS: u8 = 1;
const DELIVERED: u8 = 2;

/// An entry that was read.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::judge) enum Entry {
    /// Records of a batch that took part in correlation.
    Records(Vec<(Encoding, Vec<u8>)>),
    /// The receiver has the detections that these records gave.
    Delivered(Vec<RecordId>),
}

/// Collects the records of one entry.
#[derive(Default)]
pub(in crate::judge) struct Records {
    bytes: Vec<u8>,
}

impl Records {
    /// Adds a record.
    pub(in crate::judge) fn add(&mut self, encoding: Encoding, record: &[u8]) {
        let Ok(length) = u32::try_from(record.len()) else {
            return;
        };
        self.bytes.push(match encoding {
            Encoding::Json => 0,
            Encoding::MessagePack => 1,
            Encoding::Vector => 2,
            Encoding::OpenTelemetry => 3,
        });
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(record);
    }
}

/// Writes records behind what there is; nothing where there are none.
///
/// # Errors
/// When they are too many or cannot be compressed; then nothing was written.
pub(super) fn put_records(records: &Records, out: &mut Vec<u8>) -> io::Result<()> {
    if records.bytes.is_empty() {
        return Ok(());
    }
    // The fastest level: logs still shrink several times.
    let packed = zstd::bulk::compress(&records.bytes, 1)?;
    let mut body = Vec::with_capacity(1 + 4 + packed.len());
    body.push(RECORDS);
    body.extend_from_slice(&length(&records.bytes)?.to_le_bytes());
    body.extend_from_slice(&packed);
    put(length(&body)?, &body, out);
    Ok(())
}

/// Writes that the receiver has the detections of these records.
///
/// # Errors
/// When they are too many; then nothing was written.
pub(super) fn put_delivered(records: &[RecordId], out: &mut Vec<u8>) -> io::Result<()> {
    let mut body = vec![DELIVERED];
    for record in records {
        body.extend_from_slice(&record.to_le_bytes());
    }
    put(length(&body)?, &body, out);
    Ok(())
}

fn put(length: u32, body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&xxh64(body, 0).to_le_bytes());
    out.extend_from_slice(body);
}

/// How long something is, where a reader would believe it.
fn length(bytes: &[u8]) -> io::Result<u32> {
    let length = u32::try_from(bytes.len()).ok();
    length
        .filter(|length| *length <= LONGEST)
        .ok_or_else(|| io::Error::other("the records of one request are too many for a journal"))
}

/// What comes next in a file.
pub(super) enum Next {
    /// An entry, and how many bytes it takes.
    Entry(Entry, u64),
    /// Nothing.
    End,
    /// Less than an entry: the process ended while it was written, before anything was answered.
    Torn,
    /// What is no entry.
    Damage,
}

/// What comes next.
///
/// # Errors
/// When it cannot be read.
pub(super) fn next(from: &mut impl BufRead) -> io::Result<Next> {
    let mut head = Vec::new();
    from.take(HEAD as u64).read_to_end(&mut head)?;
    if head.is_empty() {
        return Ok(Next::End);
    }
    let Some((length, sum)) = head.split_first_chunk::<4>() else {
        return Ok(Next::Torn);
    };
    let length = u32::from_le_bytes(*length);
    let mut body = Vec::new();
    if length <= LONGEST {
        from.take(length.into()).read_to_end(&mut body)?;
        if body.len() < length as usize || sum.len() < 8 {
            return Ok(Next::Torn);
        }
        if xxh64(&body, 0).to_le_bytes() == *sum
            && let Some(entry) = entry(&body)
        {
            return Ok(Next::Entry(entry, (HEAD + body.len()) as u64));
        }
    }
    // A file system may have made room for what was never written there.
    let empty = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    let mut nothing = empty(&head) && empty(&body);
    while nothing {
        let more = from.fill_buf()?;
        if more.is_empty() {
            return Ok(Next::Torn);
        }
        nothing = empty(more);
        let read = more.len();
        from.consume(read);
    }
    Ok(Next::Damage)
}

fn entry(body: &[u8]) -> Option<Entry> {
    let (kind, rest) = body.split_first()?;
    match *kind {
        DELIVERED => {
            let (ids, []) = rest.as_chunks::<16>() else {
                return None;
            };
            let ids = ids.iter().map(|id| RecordId::from_le_bytes(*id));
            Some(Entry::Delivered(ids.collect()))
        }
        RECORDS => {
            let (length, packed) = rest.split_first_chunk::<4>()?;
            let length = u32::from_le_bytes(*length) as usize;
            let bytes = zstd::bulk::decompress(packed, length).ok()?;
            let mut records = Vec::new();
            let mut rest = bytes.as_slice();
            while let Some((encoding, behind)) = rest.split_first() {
                let (length, behind) = behind.split_first_chunk::<4>()?;
                let length = u32::from_le_bytes(*length) as usize;
                let (record, behind) = behind.split_at_checked(length)?;
                let encoding = match encoding {
                    0 => Encoding::Json,
                    1 => Encoding::MessagePack,
                    2 => Encoding::Vector,
                    3 => Encoding::OpenTelemetry,
                    _ => return None,
                };
                records.push((encoding, record.to_vec()));
                rest = behind;
            }
            Some(Entry::Records(records))
        }
        _ => None,
    }
}
