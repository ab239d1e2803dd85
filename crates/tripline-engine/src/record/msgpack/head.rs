//! One MessagePack value as its first bytes tell it: what it is, and where its content is. Read for
//! wanted values and for names of unusual length; what is only stepped over goes by
//! [`super::step`].

use crate::record::{ReadError, ReadErrorKind};

/// The beginning of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Head {
    pub(super) what: What,
    /// Where the content begins: of a container its first key or element.
    pub(super) start: usize,
    /// One past the content's last byte; of a container the same as the start.
    pub(super) end: usize,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum What {
    Nil,
    Bool(bool),
    Int(i64),
    /// A whole number above those of [`What::Int`].
    Large(u64),
    Float(f64),
    Text,
    Bytes,
    /// An extension of this type.
    Extension(i8),
    /// So many elements.
    Array(u32),
    /// So many members.
    Map(u32),
}

impl Head {
    /// The value at `at`. Its content is within the bytes, unless it is a container.
    #[inline]
    pub(super) fn read(bytes: &[u8], at: usize) -> Result<Head, ReadError> {
        let cut = || {
            let at = at.min(bytes.len());
            ReadError::new(ReadErrorKind::Incomplete, at)
        };
        let first = bytes.get(at).copied().ok_or_else(cut)?;
        let content = |start: usize, length: usize, what| {
            let end = start
                .checked_add(length)
                .filter(|end| *end <= bytes.len())?;
            Some(Head { what, start, end })
        };
        let one = |what| content(at + 1, 0, what);
        let short = |bits: u8| usize::from(first & bits);
        let byte = || number(bytes, at).map(u8::from_be_bytes);
        let two = || number(bytes, at).map(u16::from_be_bytes);
        let four = || number(bytes, at).map(u32::from_be_bytes);
        let eight = || number(bytes, at).map(u64::from_be_bytes);
        let head = match first {
            0x00..=0x7f => one(What::Int(i64::from(first))),
            0x80..=0x8f => one(What::Map(u32::from(first & 0x0f))),
            0x90..=0x9f => one(What::Array(u32::from(first & 0x0f))),
            0xa0..=0xbf => content(at + 1, short(0x1f), What::Text),
            0xc0 => one(What::Nil),
            0xc1 => return Err(ReadError::new(ReadErrorKind::ReservedByte, at)),
            0xc2 => one(What::Bool(false)),
            0xc3 => one(What::Bool(true)),
            0xc4 => byte().and_then(|length| content(at + 2, length.into(), What::Bytes)),
            0xc5 => two().and_then(|length| content(at + 3, length.into(), What::Bytes)),
            0xc6 => four().and_then(|length| content(at + 5, size(length), What::Bytes)),
            0xc7 => byte().and_then(|length| content(at + 3, length.into(), kind(bytes, at + 2)?)),
            0xc8 => two().and_then(|length| content(at + 4, length.into(), kind(bytes, at + 3)?)),
            0xc9 => four().and_then(|length| content(at + 6, size(length), kind(bytes, at + 5)?)),
            0xca => four()
                .and_then(|bits| content(at + 5, 0, What::Float(f64::from(f32::from_bits(bits))))),
            0xcb => eight().and_then(|bits| content(at + 9, 0, What::Float(f64::from_bits(bits)))),
            0xcc => byte().and_then(|value| content(at + 2, 0, What::Int(value.into()))),
            0xcd => two().and_then(|value| content(at + 3, 0, What::Int(value.into()))),
            0xce => four().and_then(|value| content(at + 5, 0, What::Int(value.into()))),
            0xcf => eight().and_then(|value| {
                content(
                    at + 9,
                    0,
                    i64::try_from(value).map_or(What::Large(value), What::Int),
                )
            }),
            0xd0 => {
                byte().and_then(|value| content(at + 2, 0, What::Int(value.cast_signed().into())))
            }
            0xd1 => {
                two().and_then(|value| content(at + 3, 0, What::Int(value.cast_signed().into())))
            }
            0xd2 => {
                four().and_then(|value| content(at + 5, 0, What::Int(value.cast_signed().into())))
            }
            0xd3 => eight().and_then(|value| content(at + 9, 0, What::Int(value.cast_signed()))),
            0xd4..=0xd8 => {
                kind(bytes, at + 1).and_then(|what| content(at + 2, 1 << (first - 0xd4), what))
            }
            0xd9 => byte().and_then(|length| content(at + 2, length.into(), What::Text)),
            0xda => two().and_then(|length| content(at + 3, length.into(), What::Text)),
            0xdb => four().and_then(|length| content(at + 5, size(length), What::Text)),
            0xdc => two().and_then(|count| content(at + 3, 0, What::Array(count.into()))),
            0xdd => four().and_then(|count| content(at + 5, 0, What::Array(count))),
            0xde => two().and_then(|count| content(at + 3, 0, What::Map(count.into()))),
            0xdf => four().and_then(|count| content(at + 5, 0, What::Map(count))),
            0xe0..=0xff => one(What::Int(first.cast_signed().into())),
        };
        head.ok_or_else(|| match first {
            0xa0..=0xbf | 0xd9..=0xdb => ReadError::new(ReadErrorKind::IncompleteText, at),
            _ => cut(),
        })
    }

    /// Whether the value can be the name of a member.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.what, What::Text | What::Bytes)
    }

    /// The instant, in nanoseconds since 1970, that an extension with this content is.
    pub(super) fn instant(&self, bytes: &[u8]) -> Option<i64> {
        let content = bytes.get(self.start..self.end)?;
        let (seconds, nanoseconds) = match (self.what, content.len()) {
            (What::Extension(-1), 4) => (i64::from(four(content, 0)?), 0),
            (What::Extension(-1), 8) => {
                let both = u64::from_be_bytes(*content.first_chunk()?);
                let seconds = i64::try_from(both & ((1 << 34) - 1)).ok()?;
                (seconds, u32::try_from(both >> 34).ok()?)
            }
            (What::Extension(-1), 12) => {
                let seconds = i64::from_be_bytes(*content.last_chunk()?);
                (seconds, four(content, 0)?)
            }
            // Fluent Bit's and Fluentd's EventTime.
            (What::Extension(0), 8) => (i64::from(four(content, 0)?), four(content, 4)?),
            _ => return None,
        };
        if nanoseconds >= 1_000_000_000 {
            return None;
        }
        let whole = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
        i64::try_from(whole).ok()
    }
}

/// The bytes of the number behind the first byte.
#[inline(always)]
fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at + 1..)?.first_chunk().copied()
}

fn four(content: &[u8], at: usize) -> Option<u32> {
    content
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u32::from_be_bytes)
}

/// The type of the extension whose type byte is at `at`.
#[inline]
fn kind(bytes: &[u8], at: usize) -> Option<What> {
    Some(What::Extension(bytes.get(at)?.cast_signed()))
}

#[inline]
fn size(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
