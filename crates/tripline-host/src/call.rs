//! One instance and its calls, step by step as `src/wasm/flb_wasm.c` and
//! `plugins/filter_wasm/filter_wasm.c` of Fluent Bit 4.1.2 and later make them.

use wasmtime::{Linker, Memory, Store, TypedFunc};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

use crate::module::{Data, HostError};

/// How records are given (`event_format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON text with a zero byte behind it.
    Json,
    /// A MessagePack map.
    MessagePack,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on as it came: the module returned the address that it was given.
    Passed,
    /// These bytes take its place.
    Given(Vec<u8>),
    /// It is dropped.
    Dropped,
    /// An empty map takes its place: in MessagePack no answer drops a record, so a `grep` filter behind
    /// the module does.
    Emptied,
    /// It is lost: the call ended with a trap, or returned an address outside of its memory. Says which.
    Lost(String),
}

/// A map without members.
const EMPTY_MAP: u8 = 0x80;

/// The function that takes a record: tag, its length, seconds, nanoseconds, record, its length.
type Call = TypedFunc<(u32, u32, u32, u32, u32, u32), u32>;

/// One instance of a module.
pub struct Instance {
    store: Store<Data>,
    instance: wasmtime::Instance,
    memory: Memory,
    malloc: TypedFunc<u32, u32>,
    free: TypedFunc<u32, ()>,
    functions: Vec<(String, Call)>,
    stderr: MemoryOutputPipe,
    fuel: u64,
    ticks: u64,
    used: u64,
}

impl Instance {
    pub(crate) fn new(
        mut store: Store<Data>,
        linker: &Linker<Data>,
        module: &wasmtime::Module,
        stderr: MemoryOutputPipe,
        fuel: u64,
        ticks: u64,
    ) -> Result<Instance, HostError> {
        let foreign = |error: wasmtime::Error| HostError::Foreign(format!("{error:#}"));
        store.set_fuel(fuel).map_err(foreign)?;
        store.set_epoch_deadline(ticks);
        let said = |stderr: &MemoryOutputPipe| text(stderr);
        let trapped = |error: wasmtime::Error, stderr: &MemoryOutputPipe| HostError::Initialize {
            trap: root(&error),
            said: said(stderr),
        };
        let instance = linker
            .instantiate(&mut store, module)
            .map_err(|error| trapped(error, &stderr))?;
        let memory = instance
            .get_memory(&mut store, "memory")
            .ok_or_else(|| HostError::Foreign("it exports no memory".to_owned()))?;
        let malloc = instance
            .get_typed_func(&mut store, "malloc")
            .map_err(foreign)?;
        let free = instance
            .get_typed_func(&mut store, "free")
            .map_err(foreign)?;
        if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
            initialize
                .call(&mut store, ())
                .map_err(|error| trapped(error, &stderr))?;
        }
        let used = fuel.saturating_sub(store.get_fuel().unwrap_or(0));
        Ok(Instance {
            store,
            instance,
            memory,
            malloc,
            free,
            functions: Vec::new(),
            stderr,
            fuel,
            ticks,
            used,
        })
    }

    /// Calls `function` with a record. `time` is the record's, seconds and nanoseconds since 1970.
    ///
    /// # Errors
    /// When there is no such function.
    pub fn call(
        &mut self,
        function: &str,
        tag: &str,
        time: (u32, u32),
        record: &[u8],
        format: Format,
    ) -> Result<Outcome, HostError> {
        let call = self.function(function)?;
        let tag_at = self.copy_in(tag.as_bytes(), true);
        let record_at = self.copy_in(record, format == Format::Json);
        self.refuel();
        let arguments = (
            tag_at,
            length(tag.as_bytes()),
            time.0,
            time.1,
            record_at,
            length(record),
        );
        let returned = call.call(&mut self.store, arguments);
        self.used = self.fuel.saturating_sub(self.store.get_fuel().unwrap_or(0));
        let outcome = match returned {
            Err(trap) => Outcome::Lost(root(&trap)),
            Ok(at) if at == record_at && format == Format::Json => Outcome::Passed,
            // Zero is an address like any other to the host.
            Ok(at) => match (self.copy_out(at), format) {
                (None, _) => Outcome::Lost("returned value is invalid".to_owned()),
                (Some(text), Format::Json) if text.is_empty() => Outcome::Dropped,
                (Some(text), Format::MessagePack) if text.is_empty() => Outcome::Lost(
                    "an empty answer in MessagePack damages every record behind it".to_owned(),
                ),
                (Some(text), Format::MessagePack) if text == [EMPTY_MAP] => Outcome::Emptied,
                (Some(text), _) => Outcome::Given(text),
            },
        };
        for at in [tag_at, record_at] {
            if at != 0 {
                self.refuel();
                // The host has no use for a trap here either.
                let _ = self.free.call(&mut self.store, at);
            }
        }
        Ok(outcome)
    }

    /// Instructions that the function itself executed in the last call (or the initialization, before
    /// the first), in wasmtime's fuel.
    pub fn fuel_used(&self) -> u64 {
        self.used
    }

    /// Other instructions for one call from now on: to see what a call does that is broken off.
    pub fn limit_fuel(&mut self, fuel: u64) {
        self.fuel = fuel;
    }

    /// Bytes of linear memory, which never shrinks.
    pub fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    /// What it said on standard error so far.
    pub fn said(&self) -> String {
        text(&self.stderr)
    }

    fn function(&mut self, name: &str) -> Result<Call, HostError> {
        if let Some((_, call)) = self.functions.iter().find(|(known, _)| known == name) {
            return Ok(call.clone());
        }
        let call: Call = self
            .instance
            .get_typed_func(&mut self.store, name)
            .map_err(|error| {
                HostError::Foreign(format!("it has no function `{name}`: {error:#}"))
            })?;
        self.functions.push((name.to_owned(), call.clone()));
        Ok(call)
    }

    fn refuel(&mut self) {
        // Fuel is on, so this cannot fail.
        let _ = self.store.set_fuel(self.fuel);
        self.store.set_epoch_deadline(self.ticks);
    }

    /// Copies bytes in; gives their address, or zero where memory has run out.
    fn copy_in(&mut self, bytes: &[u8], zero: bool) -> u32 {
        self.refuel();
        let size = length(bytes).saturating_add(u32::from(zero));
        let Ok(at) = self.malloc.call(&mut self.store, size) else {
            return 0;
        };
        let start = at as usize;
        let place = self
            .memory
            .data_mut(&mut self.store)
            .get_mut(start..start.saturating_add(size as usize));
        match place {
            Some(place) if at != 0 => {
                let (copy, behind) = place.split_at_mut(bytes.len().min(place.len()));
                copy.copy_from_slice(bytes.get(..copy.len()).unwrap_or_default());
                behind.fill(0);
                at
            }
            _ => 0,
        }
    }

    /// The bytes at an address up to the first zero byte.
    fn copy_out(&self, at: u32) -> Option<Vec<u8>> {
        let bytes = self.memory.data(&self.store).get(at as usize..)?;
        let end = bytes.iter().position(|byte| *byte == 0)?;
        bytes.get(..end).map(<[u8]>::to_vec)
    }
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

fn text(stderr: &MemoryOutputPipe) -> String {
    String::from_utf8_lossy(&stderr.contents()).into_owned()
}

/// The cause of a trap without the stack above it.
fn root(error: &wasmtime::Error) -> String {
    error.root_cause().to_string()
}
