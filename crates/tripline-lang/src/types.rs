//! The types of the language.

use std::fmt;

/// The type of an expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// Text.
    String,
    /// A whole number of 64 bits.
    Int,
    /// A floating-point number of 64 bits.
    Float,
    /// `true` or `false`.
    Bool,
    /// An instant.
    Timestamp,
    /// A span of time.
    Duration,
    /// An address, v4 or v6.
    Ip,
    /// An address range.
    Cidr,
    /// A pattern.
    Regex,
    /// A value of a raw record whose type is not known before it is read.
    Json,
    /// A list of one type.
    List(Box<Type>),
    /// A row of a table: which one of the set, in the order of the files.
    Row(usize),
    /// The type of the bare `missing`, which is a value of every type.
    Missing,
}

impl Type {
    /// The types that can be written, by the word that names them.
    pub const NAMES: &'static [(&'static str, Type)] = &[
        ("string", Type::String),
        ("int", Type::Int),
        ("float", Type::Float),
        ("bool", Type::Bool),
        ("timestamp", Type::Timestamp),
        ("duration", Type::Duration),
        ("ip", Type::Ip),
        ("cidr", Type::Cidr),
        ("regex", Type::Regex),
        ("json", Type::Json),
    ];
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::List(of) => return write!(f, "[{of}]"),
            Type::Row(_) => return f.write_str("row"),
            _ => {}
        }
        let word = Type::NAMES
            .iter()
            .find(|(_, ty)| ty == self)
            .map_or("missing", |(word, _)| word);
        f.write_str(word)
    }
}
