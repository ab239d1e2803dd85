//! What a journal is made of: entries with a length and a checksum in front, written one behind the other.

use std::io::{self, Read};

use tripline_engine::Encoding;
use xxhash_rust::xxh64::xxh64;

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
    /// Records of the batch with this number that took part in correlation.
    Records(u64, Vec<(Encoding, Vec<u8>)>),
    /// The receiver has the batch.
    Delivered(u64),
}

/// Collects the records of one entry.
pub(in crate::judge) struct Records {
    number: u64,
    bytes: Vec<u8>,
}

impl Records {
    /// Of the batch with this number.
    pub(in crate::judge) fn of(number: u64) -> Records {
        Records {
            number,
            bytes: Vec::new(),
        }
    }

    /// Of no batch: to have what is still to be written tried again.
    pub(in crate::judge) fn none() -> Records {
        Records::of(0)
    }

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

    /// Whether there are none.
    pub(in crate::judge) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// Writes records behind what there is; nothing where there are none.
///
/// # Errors
/// When they are too many or cannot be compressed; then nothing was written.
pub(super) fn put_records(records: &Records, out: &mut Vec<u8>) -> io::Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    // The fastest level: logs still shrink several times.
    let packed = zstd::bulk::compress(&records.bytes, 1)?;
    let mut body = Vec::with_capacity(1 + 8 + 4 + packed.len());
    body.push(RECORDS);
    body.extend_from_slice(&records.number.to_le_bytes());
    body.extend_from_slice(&length(&records.bytes)?.to_le_bytes());
    body.extend_from_slice(&packed);
    put(length(&body)?, &body, out);
    Ok(())
}

/// Writes that the receiver has a batch.
pub(super) fn put_delivered(number: u64, out: &mut Vec<u8>) {
    let mut body = [DELIVERED; 1 + 8];
    let (_, rest) = body.split_at_mut(1);
    rest.copy_from_slice(&number.to_le_bytes());
    put(1 + 8, &body, out);
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

/// The next entry, and how many bytes it takes.
pub(super) fn next(from: &mut impl Read) -> Option<(Entry, u64)> {
    let mut head = [0; HEAD];
    from.read_exact(&mut head).ok()?;
    let (length, sum) = head.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    if length > LONGEST {
        return None;
    }
    let mut body = Vec::new();
    from.take(length.into()).read_to_end(&mut body).ok()?;
    if body.len() != length as usize || xxh64(&body, 0).to_le_bytes() != *sum {
        return None;
    }
    Some((entry(&body)?, (HEAD + body.len()) as u64))
}

fn entry(body: &[u8]) -> Option<Entry> {
    let (kind, rest) = body.split_first()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let number = u64::from_le_bytes(*number);
    match *kind {
        DELIVERED => Some(Entry::Delivered(number)),
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
            Some(Entry::Records(number, records))
        }
        _ => None,
    }
}
