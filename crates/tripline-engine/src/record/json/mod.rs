//! Reading JSON records: one walk over the bytes, from member to member, that goes into an object
//! or array only where a wanted path does and steps over everything else.
//!
//! A reader keeps one record that it has read and follows it (`template`, `follow`): what is the
//! same in the next ones needs no walk. What it finds does not depend on that.
//!
//! What is verified: of what the walk goes through, that names, colons, commas and brackets stand
//! where they must; of wanted values, that a number is a JSON number, that `true`, `false` and
//! `null` are spelled so and that all is UTF-8. Of values stepped over, only that texts are closed
//! and that there are as many closing brackets as opening ones; neither the spelling of numbers
//! nor UTF-8 nor control characters. Once everything wanted was found, nothing more is read; but
//! a record that does not end with its closing bracket is always an error.

mod follow;
mod learn;
pub(super) mod raw;
mod read;
mod resume;
mod scan;
mod template;
mod value;
mod walk;

pub use read::read;
pub use value::value_end;

pub(super) use scan::{common, is_ascii};
pub(super) use template::Template;
