//! The values that expressions compute with. The engine reads them out of records, the table of
//! functions works on them; where a value can borrow from the record's bytes, it does.
//! [`convert`] reads them from text and numbers, [`compare`] and [`text`] compare them,
//! [`arithmetic`] computes with them.

pub mod arithmetic;
pub mod case;
pub mod compare;
pub mod convert;
pub mod text;

use std::borrow::Cow;
use std::net::IpAddr;

use ipnetwork::IpNetwork;
use regex::Regex;

/// A value of some [`crate::types::Type`], or missing.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// Absent, null, empty text or not convertible: equal to itself only.
    Missing,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Text; never empty (empty text is missing) but as an argument that takes one.
    Text(Cow<'a, str>),
    /// An instant: nanoseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
    /// A span of time in nanoseconds.
    Duration(i64),
    /// An address; an IPv4-mapped v6 address is already that v4 address.
    Ip(IpAddr),
    /// An address range.
    Cidr(IpNetwork),
    /// A pattern.
    Regex(&'a Regex),
    /// A part of a raw record, not read yet.
    Json(Raw<'a>),
    /// A list.
    List(Vec<Value<'a>>),
}

/// A value of a raw record as its bytes: navigated and converted by the engine.
#[derive(Debug, Clone)]
pub struct Raw<'a> {
    /// The bytes of exactly one value.
    pub bytes: Cow<'a, [u8]>,
    /// How they are encoded.
    pub encoding: Encoding,
}

/// How a raw value is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// JSON text.
    Json,
    /// MessagePack.
    MessagePack,
    /// Protobuf as Vector's `vector` sink sends it: of a record the message `event.Log` (or
    /// `event.ValueMap`), of a value `event.Value`.
    Vector,
    /// Protobuf as OpenTelemetry has it: of a record the message `KeyValueList`, or `LogRecord`, whose
    /// attributes are its members then; of a value `AnyValue`.
    OpenTelemetry,
}
