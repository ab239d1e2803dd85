//! Values as compact bytes: how keys are compared and how retained events are kept. One event is
//! one run of bytes, its fields in the order of the rule's layout.
//!
//! INVARIANT: equal values of one type have equal bytes, so a packed key can be hashed and
//! compared as it is; unpacking gives back what was packed. The bytes are read only from memory
//! this process (or a snapshot whose checksum held) wrote, and still never trusted to be whole.

mod guid;
mod whole;

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;
use tripline_lang::value::{Encoding, Raw, Value};

use self::guid::{guid_bytes, guid_text};
pub(crate) use self::whole::whole_values;
use crate::varint;

const MISSING: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;
const TEXT: u8 = 5;
/// A GUID in its usual lower-case form, in 16 bytes instead of 36.
const GUID: u8 = 6;
const TIMESTAMP: u8 = 7;
const DURATION: u8 = 8;
const IPV4: u8 = 9;
const IPV6: u8 = 10;
const CIDR: u8 = 11;
const JSON: u8 = 12;
const MESSAGE_PACK: u8 = 13;
const LIST: u8 = 14;
const VECTOR: u8 = 15;
const OPEN_TELEMETRY: u8 = 16;

/// Appends a value.
pub(crate) fn pack(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Missing | Value::Regex(_) => out.push(MISSING),
        Value::Bool(value) => out.push(if *value { TRUE } else { FALSE }),
        Value::Int(value) => {
            out.push(INT);
            varint::put_signed(*value, out);
        }
        Value::Float(value) => {
            out.push(FLOAT);
            // 0.0 and -0.0 are equal, so they are packed alike.
            let value = if *value == 0.0 { 0.0 } else { *value };
            out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
        Value::Text(text) => pack_text(text.as_bytes(), out),
        Value::Timestamp(value) => {
            out.push(TIMESTAMP);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Value::Duration(value) => {
            out.push(DURATION);
            varint::put_signed(*value, out);
        }
        Value::Ip(ip) => put_ip(*ip, out),
        Value::Cidr(range) => {
            out.push(CIDR);
            out.push(range.prefix());
            put_ip(range.ip(), out);
        }
        Value::Json(raw) => {
            let tag = match raw.encoding {
                Encoding::Json => JSON,
                Encoding::MessagePack => MESSAGE_PACK,
                Encoding::Vector => VECTOR,
                Encoding::OpenTelemetry => OPEN_TELEMETRY,
            };
            put_bytes(tag, &raw.bytes, out);
        }
        Value::List(of) => {
            out.push(LIST);
            varint::put(of.len() as u64, out);
            for value in of {
                pack(value, out);
            }
        }
    }
}

/// Appends the value that is this text, which is UTF-8.
pub(crate) fn pack_text(text: &[u8], out: &mut Vec<u8>) {
    match guid_bytes(text) {
        Some(guid) => {
            out.push(GUID);
            out.extend_from_slice(&guid);
        }
        None => put_bytes(TEXT, text, out),
    }
}

/// Whether two runs of packed bytes are the same, eight bytes at a time: comparing slices goes byte
/// by byte in WebAssembly.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let ((words, rest), (others, other_rest)) = (left.as_chunks::<8>(), right.as_chunks::<8>());
    let mut pairs = words.iter().zip(others);
    pairs.all(|(one, other)| u64::from_le_bytes(*one) == u64::from_le_bytes(*other))
        && match (left.last_chunk::<8>(), right.last_chunk::<8>()) {
            // The last eight bytes again cover the rest.
            (Some(one), Some(other)) => u64::from_le_bytes(*one) == u64::from_le_bytes(*other),
            _ => rest == other_rest,
        }
}

/// Packed values, read one after the other.
#[derive(Clone)]
pub(crate) struct Unpacker<'a> {
    bytes: &'a [u8],
}

impl<'a> Unpacker<'a> {
    /// Reads from the first byte.
    pub(crate) fn new(bytes: &'a [u8]) -> Unpacker<'a> {
        Unpacker { bytes }
    }

    /// The next value; missing at the end.
    pub(crate) fn next(&mut self) -> Value<'a> {
        self.read().unwrap_or(Value::Missing)
    }

    /// Passes over `count` values.
    pub(crate) fn skip(&mut self, count: usize) {
        for _ in 0..count {
            if self.pass().is_none() {
                self.bytes = &[];
                return;
            }
        }
    }

    /// The bytes of the next value; none at the end.
    pub(crate) fn packed(&mut self) -> &'a [u8] {
        let before = self.bytes;
        self.skip(1);
        let length = before.len() - self.bytes.len();
        before.get(..length).unwrap_or_default()
    }

    /// The bytes of all values that are left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn unsigned(&mut self) -> Option<u64> {
        varint::take(&mut self.bytes)
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.unsigned()?).ok()
    }

    fn signed(&mut self) -> Option<i64> {
        varint::take_signed(&mut self.bytes)
    }

    fn ip(&mut self) -> Option<IpAddr> {
        match self.byte()? {
            IPV4 => Some(IpAddr::V4(Ipv4Addr::from(self.array::<4>()?))),
            IPV6 => Some(IpAddr::V6(Ipv6Addr::from(self.array::<16>()?))),
            _ => None,
        }
    }

    fn pass(&mut self) -> Option<()> {
        match self.byte()? {
            INT | DURATION => self.unsigned().map(drop),
            FLOAT | TIMESTAMP => self.take(8).map(drop),
            TEXT | JSON | MESSAGE_PACK | VECTOR | OPEN_TELEMETRY => {
                let length = self.length()?;
                self.take(length).map(drop)
            }
            GUID | IPV6 => self.take(16).map(drop),
            IPV4 => self.take(4).map(drop),
            CIDR => {
                self.take(1)?;
                self.ip().map(drop)
            }
            LIST => {
                let length = self.length()?;
                self.skip(length);
                Some(())
            }
            _ => Some(()),
        }
    }

    fn read(&mut self) -> Option<Value<'a>> {
        Some(match self.byte()? {
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            INT => Value::Int(self.signed()?),
            FLOAT => Value::Float(f64::from_bits(u64::from_le_bytes(self.array()?))),
            TEXT => {
                let length = self.length()?;
                Value::Text(Cow::Borrowed(std::str::from_utf8(self.take(length)?).ok()?))
            }
            GUID => Value::Text(Cow::Owned(guid_text(self.array()?))),
            TIMESTAMP => Value::Timestamp(i64::from_le_bytes(self.array()?)),
            DURATION => Value::Duration(self.signed()?),
            IPV4 => Value::Ip(IpAddr::V4(Ipv4Addr::from(self.array::<4>()?))),
            IPV6 => Value::Ip(IpAddr::V6(Ipv6Addr::from(self.array::<16>()?))),
            CIDR => {
                let prefix = self.byte()?;
                Value::Cidr(IpNetwork::new(self.ip()?, prefix).ok()?)
            }
            tag @ (JSON | MESSAGE_PACK | VECTOR | OPEN_TELEMETRY) => {
                let length = self.length()?;
                let encoding = match tag {
                    JSON => Encoding::Json,
                    MESSAGE_PACK => Encoding::MessagePack,
                    VECTOR => Encoding::Vector,
                    _ => Encoding::OpenTelemetry,
                };
                Value::Json(Raw {
                    bytes: Cow::Borrowed(self.take(length)?),
                    encoding,
                })
            }
            LIST => {
                let length = self.length()?;
                let mut of = Vec::with_capacity(length.min(self.bytes.len()));
                for _ in 0..length {
                    of.push(self.read()?);
                }
                Value::List(of)
            }
            _ => Value::Missing,
        })
    }
}

fn put_bytes(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    varint::put(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn put_ip(ip: IpAddr, out: &mut Vec<u8>) {
    match ip {
        IpAddr::V4(ip) => {
            out.push(IPV4);
            out.extend_from_slice(&ip.octets());
        }
        IpAddr::V6(ip) => {
            out.push(IPV6);
            out.extend_from_slice(&ip.octets());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(value: &Value<'_>) -> String {
        let mut bytes = vec![];
        pack(value, &mut bytes);
        pack(&Value::Int(7), &mut bytes);
        let mut skipping = Unpacker::new(&bytes);
        skipping.skip(1);
        assert!(
            matches!(skipping.next(), Value::Int(7)),
            "skip passes over {value:?}"
        );
        let mut reading = Unpacker::new(&bytes);
        let read = format!("{:?}", reading.next());
        assert!(
            matches!(reading.next(), Value::Int(7)),
            "next reads all of {value:?}"
        );
        read
    }

    #[test]
    fn every_kind_of_value_comes_back_as_it_went_in() {
        let json = Raw {
            bytes: Cow::Borrowed(br#"{"a":[1]}"#),
            encoding: Encoding::Json,
        };
        for value in [
            Value::Missing,
            Value::Bool(true),
            Value::Int(0),
            Value::Int(i64::MIN),
            Value::Int(i64::MAX),
            Value::Float(-1.5e300),
            Value::Text("ä".into()),
            Value::Text("2a2c676e-885f-43d9-90cb-2c035772e31c".into()),
            Value::Text("2A2C676E-885F-43D9-90CB-2C035772E31C".into()),
            Value::Text("2a2c676ea885f-43d9-90cb-2c035772e31c".into()),
            Value::Timestamp(i64::MIN),
            Value::Duration(-5),
            Value::Ip("192.0.2.1".parse().unwrap()),
            Value::Ip("2001:db8::1".parse().unwrap()),
            Value::Cidr("2001:db8::/32".parse().unwrap()),
            Value::Json(json),
            Value::List(vec![Value::Int(1), Value::Missing, Value::List(vec![])]),
        ] {
            assert_eq!(round_trip(&value), format!("{value:?}"));
        }
    }

    #[test]
    fn runs_of_bytes_are_the_same_only_if_every_byte_is() {
        let bytes: Vec<u8> = (0..40).collect();
        for length in 0..bytes.len() {
            assert!(same(&bytes[..length], &bytes.clone()[..length]));
            assert!(!same(&bytes[..length], &bytes[..length + 1]));
            for place in 0..length {
                let mut other = bytes[..length].to_vec();
                other[place] ^= 0x80;
                assert!(!same(&bytes[..length], &other));
            }
        }
    }

    #[test]
    fn cut_off_bytes_give_missing_and_nothing_worse() {
        let mut bytes = vec![];
        pack(
            &Value::List(vec![Value::Text("abc".into()), Value::Float(1.0)]),
            &mut bytes,
        );
        for end in 0..bytes.len() {
            assert!(matches!(
                Unpacker::new(&bytes[..end]).next(),
                Value::Missing
            ));
            Unpacker::new(&bytes[..end]).skip(3);
        }
    }
}
