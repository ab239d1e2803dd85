//! Writes bytes into a copy of the module, where it finds them: for a module that carries its rules
//! within it and needs no folder.
//!
//! The bytes go behind the module's initial memory, which grows by as much, so that they are nowhere
//! where its heap begins; their address and length go into the place that the module exports for
//! this. Nothing else of the module is changed.

use std::borrow::Cow;

use thiserror::Error;
use wasm_encoder::{
    ConstExpr, CustomSection, DataSection, Encode, MemorySection, RawSection, SectionId,
};
use wasmparser::{ExternalKind, Operator, Parser, Payload};

/// The name of the place that holds address and length.
const PLACE: &str = "TRIPLINE_EMBEDDED";

/// The section that says what was embedded.
const NOTE: &str = "tripline.embedded";

/// Bytes of a page of memory.
const PAGE: usize = 65_536;

/// Why nothing can be embedded.
#[derive(Debug, Error)]
pub enum EmbedError {
    /// The bytes are no module.
    #[error("it is no WebAssembly module: {0}")]
    NotAModule(#[from] wasmparser::BinaryReaderError),
    /// It has no place for it.
    #[error("it is no module of tripline that can carry rules: {0}")]
    Foreign(&'static str),
    /// It carries rules already.
    #[error("the module carries rules already; embed into the module as it came")]
    Twice,
    /// A module can address 4 GiB.
    #[error("there is too much to carry")]
    TooLarge,
}

/// A copy of the module that carries `bytes`. `note` says what they are, for who looks at the module.
///
/// # Errors
/// When it is no module, has no place for it, or carries something already.
pub fn embed(module: &[u8], bytes: &[u8], note: &str) -> Result<Vec<u8>, EmbedError> {
    let found = Found::read(module)?;
    let pages = bytes.len().div_ceil(PAGE) as u64;
    let address = u32::try_from(found.pages * PAGE as u64).map_err(|_| EmbedError::TooLarge)?;
    let length = u32::try_from(bytes.len()).map_err(|_| EmbedError::TooLarge)?;
    if found.pages + pages > PAGE as u64 {
        return Err(EmbedError::TooLarge);
    }
    let mut out = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        match &payload {
            Payload::MemorySection(memories) => {
                let mut section = MemorySection::new();
                for memory in memories.clone() {
                    let memory = memory?;
                    section.memory(wasm_encoder::MemoryType {
                        minimum: memory.initial + pages,
                        maximum: memory.maximum,
                        memory64: false,
                        shared: false,
                        page_size_log2: None,
                    });
                }
                out.section(&section);
            }
            Payload::DataCountSection { count, .. } => {
                out.section(&wasm_encoder::DataCountSection { count: count + 2 });
            }
            Payload::DataSection(data) => {
                // The segments that are there, as they are, and two more: a later one is written over
                // what an earlier one, or nothing, put there.
                let mut place = address.to_le_bytes().to_vec();
                place.extend_from_slice(&length.to_le_bytes());
                let mut more = DataSection::new();
                let at = |address: u32| ConstExpr::i32_const(address.cast_signed());
                more.active(0, &at(address), bytes.iter().copied());
                more.active(0, &at(found.place), place);
                let mut own = Vec::new();
                more.encode(&mut own);
                let range = data.range();
                let body = module.get(range).unwrap_or_default();
                let (_, before) = leb(body).ok_or(EmbedError::Foreign("its data is damaged"))?;
                // Of our own section: its size, its count, then the segments.
                let (_, size) = leb(&own).ok_or(EmbedError::TooLarge)?;
                let behind_size = own.get(size..).unwrap_or_default();
                let (_, counted) = leb(behind_size).ok_or(EmbedError::TooLarge)?;
                let mut section = Vec::with_capacity(body.len() + own.len());
                (data.count() + 2).encode(&mut section);
                section.extend_from_slice(body.get(before..).unwrap_or_default());
                section.extend_from_slice(behind_size.get(counted..).unwrap_or_default());
                out.section(&RawSection {
                    id: SectionId::Data as u8,
                    data: &section,
                });
            }
            other => {
                if let Some((id, range)) = other.as_section() {
                    out.section(&RawSection {
                        id,
                        data: module.get(range).unwrap_or_default(),
                    });
                }
            }
        }
    }
    out.section(&CustomSection {
        name: Cow::Borrowed(NOTE),
        data: Cow::Borrowed(note.as_bytes()),
    });
    Ok(out.finish())
}

/// What a module carries, as it was noted when it was embedded; `None` for one that carries nothing, or
/// is no module.
pub fn carried(module: &[u8]) -> Option<String> {
    Parser::new(0)
        .parse_all(module)
        .find_map(|payload| match payload {
            Ok(Payload::CustomSection(section)) if section.name() == NOTE => {
                Some(String::from_utf8_lossy(section.data()).into_owned())
            }
            _ => None,
        })
}

/// What of a module must be known.
struct Found {
    /// Its initial memory.
    pages: u64,
    /// The address of the place for address and length.
    place: u32,
}

impl Found {
    fn read(module: &[u8]) -> Result<Found, EmbedError> {
        let (mut pages, mut globals, mut place, mut data) = (None, Vec::new(), None, false);
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::MemorySection(memories) => {
                    for memory in memories {
                        pages = Some(memory?.initial);
                    }
                }
                Payload::GlobalSection(section) => {
                    for global in section {
                        let mut value = global?.init_expr.get_operators_reader();
                        globals.push(match value.read()? {
                            Operator::I32Const { value } => Some(value.cast_unsigned()),
                            _ => None,
                        });
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        if export.name == PLACE && export.kind == ExternalKind::Global {
                            place = Some(export.index as usize);
                        }
                    }
                }
                Payload::DataSection(_) => data = true,
                Payload::CustomSection(section) if section.name() == NOTE => {
                    return Err(EmbedError::Twice);
                }
                _ => {}
            }
        }
        if !data {
            return Err(EmbedError::Foreign("it has no data"));
        }
        let place = place.and_then(|index| globals.get(index).copied().flatten());
        Ok(Found {
            pages: pages.ok_or(EmbedError::Foreign("it has no memory of its own"))?,
            place: place.ok_or(EmbedError::Foreign("it has no place for them"))?,
        })
    }
}

/// An unsigned number of variable length at the beginning of bytes, and how many bytes it takes.
fn leb(bytes: &[u8]) -> Option<(u32, usize)> {
    let mut value = 0u32;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        value |= u32::from(byte & 0x7f).checked_shl(7 * at as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_module_of_tripline_is_refused() {
        assert!(matches!(
            embed(b"not wasm", b"x", ""),
            Err(EmbedError::NotAModule(_))
        ));
        let empty = wasm_encoder::Module::new().finish();
        assert!(matches!(
            embed(&empty, b"x", ""),
            Err(EmbedError::Foreign(_))
        ));
    }
}
