//! A snapshot as bytes, from the outside in: what it begins and ends with, how texts, times and
//! identities are written, and the [`Reader`] that takes them apart again.
//!
//! A snapshot is a magic number, a version, a head ([`super::head`]), chunks in any order (each a
//! tag and what it says, [`super::chunks`]), the tag [`END`], its length, a checksum of all before it, and
//! a mark by which its end is recognised. Numbers are varints unless their width is said.
//!
//! INVARIANT: nothing that is read is trusted: every length is checked against the bytes there are
//! before anything is taken or allocated.

use xxhash_rust::xxh64::{Xxh64, xxh64};

use super::SnapshotError;
use crate::scan::Identity;
use crate::varint;

/// What a snapshot begins with. The last bytes show when it was sent as text.
pub(super) const MAGIC: [u8; 8] = *b"TRIPS\r\n\x1a";

/// Goes up with every change of what is written.
pub(super) const VERSION: u16 = 2;

/// What a snapshot ends with.
const MARK: [u8; 4] = *b"\x04END";

/// After the chunks: length, checksum, mark.
const TAIL: usize = 8 + 8 + MARK.len();

/// The tags of chunks.
pub(super) const END: u8 = 0;
pub(super) const KNOWN: u8 = 1;
pub(super) const GIVEN: u8 = 2;
pub(super) const SINGLE: u8 = 3;
pub(super) const EVENTS: u8 = 4;

/// The seed of the checksum.
const SEED: u64 = 0;

/// The checksum, over bytes that come piece by piece. It tells damage, not forgery.
pub(super) struct Checksum {
    hasher: Xxh64,
    length: u64,
}

impl Checksum {
    pub(super) fn new() -> Checksum {
        Checksum {
            hasher: Xxh64::new(SEED),
            length: 0,
        }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
    }

    /// Appends what comes after the chunks; everything before must have been added.
    pub(super) fn put_tail(mut self, out: &mut Vec<u8>) {
        let length = (self.length + TAIL as u64).to_le_bytes();
        self.hasher.update(&length);
        out.extend_from_slice(&length);
        out.extend_from_slice(&self.hasher.digest().to_le_bytes());
        out.extend_from_slice(&MARK);
    }
}

/// Head and chunks of a snapshot that is whole, of the version known here, and not damaged.
pub(super) fn open(bytes: &[u8]) -> Result<Reader<'_>, SnapshotError> {
    let Some(rest) = bytes.strip_prefix(&MAGIC) else {
        return Err(if MAGIC.starts_with(bytes) {
            SnapshotError::Truncated
        } else {
            SnapshotError::NotASnapshot
        });
    };
    let Some((version, _)) = rest.split_first_chunk::<2>() else {
        return Err(SnapshotError::Truncated);
    };
    let (found, reads) = (u16::from_le_bytes(*version), VERSION);
    if found > reads {
        return Err(SnapshotError::Newer { found, reads });
    }
    if found < reads {
        return Err(SnapshotError::Older { found, reads });
    }
    let tail = bytes
        .strip_suffix(&MARK)
        .and_then(|bytes| bytes.split_last_chunk::<8>());
    let Some((summed, checksum)) = tail else {
        return Err(SnapshotError::Truncated);
    };
    let Some((content, length)) = summed.split_last_chunk::<8>() else {
        return Err(SnapshotError::Truncated);
    };
    if xxh64(summed, SEED).to_le_bytes() != *checksum
        || u64::from_le_bytes(*length) != bytes.len() as u64
    {
        return Err(SnapshotError::Checksum);
    }
    let content = content.get(MAGIC.len() + 2..);
    Ok(Reader {
        bytes: content.ok_or(SnapshotError::Truncated)?,
    })
}

/// Times, each as its distance from the one before.
pub(super) struct Times(pub(super) i64);

/// Nanoseconds of a millisecond: most logs know no finer time.
const MILLISECOND: u64 = 1_000_000;

impl Times {
    /// Appends a time: an odd number is a distance in milliseconds, an even one in nanoseconds, and 0
    /// (which no distance needs) says that the time follows in eight bytes.
    pub(super) fn put(&mut self, time: i64, out: &mut Vec<u8>) {
        let before = std::mem::replace(&mut self.0, time);
        let distance = time.checked_sub(before).map(i64::unsigned_abs);
        let back = u64::from(time < before);
        match distance {
            Some(distance) if distance % MILLISECOND == 0 => {
                varint::put(((distance / MILLISECOND) << 2) | (back << 1) | 1, out);
            }
            Some(distance) if distance < 1 << 62 => {
                varint::put((distance << 2) | (back << 1), out);
            }
            _ => {
                varint::put(0, out);
                out.extend_from_slice(&time.to_le_bytes());
            }
        }
    }

    pub(super) fn take(&mut self, reader: &mut Reader<'_>) -> Result<i64, SnapshotError> {
        let code = reader.number()?;
        let distance = (code >> 2).cast_signed();
        self.0 = if code == 0 {
            i64::from_le_bytes(reader.array()?)
        } else {
            let distance = if code & 1 == 1 {
                distance.checked_mul(MILLISECOND.cast_signed())
            } else {
                Some(distance)
            };
            let time = match code & 2 {
                0 => distance.and_then(|distance| self.0.checked_add(distance)),
                _ => distance.and_then(|distance| self.0.checked_sub(distance)),
            };
            time.ok_or(SnapshotError::Damaged("a time is out of range"))?
        };
        Ok(self.0)
    }
}

/// Appends bytes with their length.
pub(super) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    varint::put(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Takes a snapshot apart, from front to back.
pub(super) struct Reader<'b> {
    bytes: &'b [u8],
}

/// What every premature end is.
const ENDS: SnapshotError = SnapshotError::Damaged("something in it ends too early");

impl<'b> Reader<'b> {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn number(&mut self) -> Result<u64, SnapshotError> {
        varint::take(&mut self.bytes).ok_or(ENDS)
    }

    /// How many of something that takes `least` bytes each (at least 1) follow.
    pub(super) fn count(&mut self, least: usize) -> Result<usize, SnapshotError> {
        let count = usize::try_from(self.number()?).map_err(|_| ENDS)?;
        if count > self.bytes.len() / least.max(1) {
            return Err(ENDS);
        }
        Ok(count)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let (array, rest) = self.bytes.split_first_chunk::<N>().ok_or(ENDS)?;
        self.bytes = rest;
        Ok(*array)
    }

    pub(super) fn byte(&mut self) -> Result<u8, SnapshotError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn identity(&mut self) -> Result<Identity, SnapshotError> {
        self.array().map(Identity::from_le_bytes)
    }

    pub(super) fn taken(&mut self, length: usize) -> Result<&'b [u8], SnapshotError> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(ENDS)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn bytes(&mut self) -> Result<&'b [u8], SnapshotError> {
        let length = self.count(1)?;
        self.taken(length)
    }

    pub(super) fn text(&mut self) -> Result<String, SnapshotError> {
        let text = std::str::from_utf8(self.bytes()?);
        text.map(str::to_owned)
            .map_err(|_| SnapshotError::Damaged("a name in it is not text"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_comes_back_and_near_ones_are_short() {
        let times = [
            0,
            5_000_000,
            5_000_000,
            4_000_000,
            4_000_001,
            i64::MAX,
            i64::MIN,
            i64::MIN + 1,
            -1,
            1 << 62,
        ];
        let (mut bytes, mut put) = (vec![], Times(0));
        for time in times {
            let before = bytes.len();
            put.put(time, &mut bytes);
            assert!(bytes.len() - before <= 11);
        }
        let mut reader = Reader { bytes: &bytes };
        let mut take = Times(0);
        for time in times {
            assert_eq!(take.take(&mut reader), Ok(time));
        }
        assert!(reader.is_empty());
        let mut one = vec![];
        Times(1_800_000_000_000_000_000).put(1_800_000_004_000_000_000, &mut one);
        assert_eq!(one.len(), 2, "four seconds later");
    }

    #[test]
    fn a_count_is_never_more_than_the_bytes_can_hold() {
        let mut bytes = vec![];
        varint::put(1 << 40, &mut bytes);
        bytes.extend([0; 100]);
        assert_eq!(Reader { bytes: &bytes }.count(1), Err(ENDS));
        assert_eq!(Reader { bytes: &bytes }.bytes(), Err(ENDS));
    }
}
