//! Seeded sign-in records of Entra ID for tests, examples and benchmarks: an artificial tenant's
//! day, in the three shapes in which such records arrive, with the irregularities that they have.
//!
//! Equal [`Options`] give equal bytes. Callers: `tripline generate`, the tests of the engine and of
//! the whole product, the benchmarks. Everything in the records is made up; see `directory`.
//!
//! ```
//! use tripline_samples::{Options, Samples, generate};
//!
//! let options = Options { records: 100, users: 10, ..Options::default() };
//! let mut file = Vec::new();
//! let summary = generate(&options, &mut file)?;
//! assert_eq!(summary.records, 100);
//! assert_eq!(Samples::new(&options).count(), 100);
//! # Ok::<(), std::io::Error>(())
//! ```

mod directory;
mod example;
mod options;
mod plan;
mod random;
mod reference;
mod render;
mod signin;
mod stream;
mod write;

pub use example::{example, example_samples};
pub use options::{Envelope, Noise, Options, Order, Role, Shape, Wrap};
pub use plan::Kind;
pub use reference::{Match, token_replays};
pub use stream::{Facts, Sample, Samples};
pub use write::{Summary, generate};
