//! The plugin's WebAssembly module as bytes. The build script builds it from this workspace's source
//! with the cargo and toolchain at hand, so that the command and the module it carries are always of
//! one version; the tests run the very module that is deployed.

/// The module; `None` where it could not be built, and then [`MISSING`] says why.
pub const MODULE: Option<&[u8]> = include!(concat!(env!("OUT_DIR"), "/module.rs"));

/// Why there is no module, with the remedy; empty where there is one.
pub const MISSING: &str = include_str!(concat!(env!("OUT_DIR"), "/missing.txt"));
