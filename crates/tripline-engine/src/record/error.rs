//! Why a record could not be read, and where. Readers of every encoding give this one type; the
//! engine counts by it and writes its sentence to the dead letter.

use thiserror::Error;

/// Why a record could not be read. Its `Display` is a sentence for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{}", self.sentence())]
pub struct ReadError {
    /// What is wrong.
    pub kind: ReadErrorKind,
    /// The byte it is wrong at, counted from the record's first byte; for an unfinished text or
    /// container, the byte at which that one began.
    pub offset: usize,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadErrorKind {
    /// Nothing but white space.
    Empty,
    /// A record is one object; this begins with something else.
    NotAnObject,
    /// A MessagePack record is one map; this begins with something else.
    NotAMap,
    /// The byte 0xc1, with which no value of MessagePack begins.
    ReservedByte,
    /// Bytes with which no field of a protobuf message begins.
    BadField,
    /// The bytes end before the value does.
    Incomplete,
    /// The bytes end inside a text; the offset is that of its opening quote, or of its length.
    IncompleteText,
    /// A member's name in quotes was expected.
    ExpectedName,
    /// A colon was expected after a member's name.
    ExpectedColon,
    /// A value was expected.
    ExpectedValue,
    /// A comma or the closing bracket was expected.
    ExpectedCommaOrEnd,
    /// A number that JSON does not know, such as `01`, `1.` or `+1`.
    BadNumber,
    /// More objects and arrays inside one another than [`MAX_DEPTH`](super::MAX_DEPTH).
    TooDeep,
    /// A wanted value is not UTF-8.
    InvalidUtf8,
    /// Something follows the record.
    TrailingData,
    /// The record has 4 GiB or more.
    TooLarge,
}

impl ReadErrorKind {
    /// Whether more bytes could still make a readable value of it: what a caller that reads a
    /// stream waits on.
    pub fn is_incomplete(self) -> bool {
        matches!(self, Self::Empty | Self::Incomplete | Self::IncompleteText)
    }
}

impl ReadError {
    pub(super) fn new(kind: ReadErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    fn sentence(&self) -> String {
        let at = self.offset;
        match self.kind {
            ReadErrorKind::Empty => "the record is empty".to_owned(),
            ReadErrorKind::NotAnObject => {
                format!(
                    "the record is not an object: it begins with something else than `{{` at byte {at}"
                )
            }
            ReadErrorKind::NotAMap => "the record is not a MessagePack map".to_owned(),
            ReadErrorKind::ReservedByte => {
                format!("no value of MessagePack begins with the byte 0xc1, which is at byte {at}")
            }
            ReadErrorKind::BadField => {
                format!("no field of a protobuf message begins with what is at byte {at}")
            }
            ReadErrorKind::Incomplete => {
                format!("the record ends inside a value that began at byte {at}")
            }
            ReadErrorKind::IncompleteText => {
                format!("the record ends inside a text that began at byte {at}")
            }
            ReadErrorKind::ExpectedName => {
                format!("a member's name in quotes was expected at byte {at}")
            }
            ReadErrorKind::ExpectedColon => {
                format!("a colon was expected after the member's name at byte {at}")
            }
            ReadErrorKind::ExpectedValue => format!("a value was expected at byte {at}"),
            ReadErrorKind::ExpectedCommaOrEnd => {
                format!("a comma or a closing bracket was expected at byte {at}")
            }
            ReadErrorKind::BadNumber => format!("the number at byte {at} is not a JSON number"),
            ReadErrorKind::TooDeep => format!(
                "the value at byte {at} is nested deeper than {} levels",
                super::MAX_DEPTH
            ),
            ReadErrorKind::InvalidUtf8 => {
                format!("a wanted value is not valid UTF-8 at byte {at}")
            }
            ReadErrorKind::TrailingData => format!("something follows the record at byte {at}"),
            ReadErrorKind::TooLarge => "the record has 4 GiB or more".to_owned(),
        }
    }
}
