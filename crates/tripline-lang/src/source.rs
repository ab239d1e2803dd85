//! The texts of a rule set: rule files, list files, and places in them.
//!
//! Texts come from folders ([`SourceSet::read`]) or from memory ([`SourceSet::add`]). A file that
//! a rule names is found beside the file that names it and may not leave the set's root.
//!
//! INVARIANT: a [`FileId`] indexes the set that made it, and spans lie within their file.

/// Which file of a [`SourceSet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A place in a file: a range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Which file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}
