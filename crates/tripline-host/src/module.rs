//! A module, compiled once, and what its instances may use.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use thiserror::Error;
use wasmtime::{Config, Engine, Linker, Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::call::Instance;

/// What one instance may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of linear memory.
    pub memory: usize,
    /// Instructions (wasmtime's fuel, about one each) for one call and for the instantiation.
    pub fuel: u64,
    /// Time for one call and for the instantiation.
    pub time: Duration,
}

impl Default for Limits {
    /// 1 GiB, 200 thousand million instructions, 60 seconds.
    fn default() -> Limits {
        Limits {
            memory: 1 << 30,
            fuel: 200_000_000_000,
            time: Duration::from_secs(60),
        }
    }
}

/// A folder that an instance can see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Where it is.
    pub folder: PathBuf,
    /// What the module knows it by; Fluent Bit gives the text of `accessible_paths`.
    pub name: String,
    /// Whether the module may write there.
    pub writable: bool,
}

impl Access {
    /// A folder that the module knows by its own path and may write to, as under Fluent Bit.
    pub fn to(folder: impl Into<PathBuf>) -> Access {
        let folder = folder.into();
        Access {
            name: folder.to_string_lossy().into_owned(),
            folder,
            writable: true,
        }
    }
}

/// Why a module cannot be run.
#[derive(Debug, Error)]
pub enum HostError {
    /// The bytes are no module.
    #[error("it is no WebAssembly module: {0}")]
    NotAModule(String),
    /// It asks for something that no shipper gives, or lacks what one calls.
    #[error("it is no module of tripline: {0}")]
    Foreign(String),
    /// A folder that it is to see cannot be opened.
    #[error("{folder}: {error}")]
    Folder {
        /// The folder.
        folder: String,
        /// What the system says.
        error: String,
    },
    /// It ended with a trap while it was instantiated: a shipper would refuse to start.
    #[error("it ended with a trap while it was instantiated: {trap}\n{said}")]
    Initialize {
        /// The trap.
        trap: String,
        /// What it said before.
        said: String,
    },
}

/// What the store of an instance holds.
pub(crate) struct Data {
    wasi: WasiP1Ctx,
    limits: StoreLimits,
}

/// How often time is looked at.
const TICK: Duration = Duration::from_millis(20);

/// The most that a module can say.
const SAID: usize = 64 << 20;

/// A compiled module.
pub struct Module {
    engine: Engine,
    module: wasmtime::Module,
    linker: Linker<Data>,
    limits: Limits,
    ended: Arc<AtomicBool>,
}

impl Module {
    /// Compiles a module.
    ///
    /// # Errors
    /// When the bytes are no module, or it imports what is not WASI.
    pub fn new(bytes: &[u8], limits: Limits) -> Result<Module, HostError> {
        let mut config = Config::new();
        config.consume_fuel(true).epoch_interruption(true);
        let foreign = |error: wasmtime::Error| HostError::Foreign(format!("{error:#}"));
        let engine = Engine::new(&config).map_err(foreign)?;
        let module = wasmtime::Module::new(&engine, bytes)
            .map_err(|error| HostError::NotAModule(format!("{error:#}")))?;
        let mut linker: Linker<Data> = Linker::new(&engine);
        p1::add_to_linker_sync(&mut linker, |data| &mut data.wasi).map_err(foreign)?;
        linker.instantiate_pre(&module).map_err(foreign)?;
        let ended = Arc::new(AtomicBool::new(false));
        let (ticking, over) = (engine.weak(), Arc::clone(&ended));
        thread::spawn(move || {
            while !over.load(Ordering::Relaxed)
                && let Some(engine) = ticking.upgrade()
            {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        });
        Ok(Module {
            engine,
            module,
            linker,
            limits,
            ended,
        })
    }

    /// Instantiates it, which initializes it: it sees these folders, in this order.
    ///
    /// # Errors
    /// When a folder cannot be opened, the module lacks what a shipper calls, or ends with a trap.
    pub fn instantiate(&self, folders: &[Access]) -> Result<Instance, HostError> {
        let stderr = MemoryOutputPipe::new(SAID);
        let mut wasi = WasiCtxBuilder::new();
        wasi.allow_blocking_current_thread(true)
            .stderr(stderr.clone())
            .stdout(stderr.clone());
        for access in folders {
            let permissions = if access.writable {
                FsPerms::ReadWrite
            } else {
                FsPerms::ReadOnly
            };
            wasi.preopened_dir(&access.folder, &access.name, permissions)
                .map_err(|error| HostError::Folder {
                    folder: access.folder.display().to_string(),
                    error: format!("{error:#}"),
                })?;
        }
        let data = Data {
            wasi: wasi.build_p1(),
            limits: StoreLimitsBuilder::new()
                .memory_size(self.limits.memory)
                .build(),
        };
        let mut store = Store::new(&self.engine, data);
        store.limiter(|data| &mut data.limits);
        let ticks = self.limits.time.as_millis().div_ceil(TICK.as_millis());
        let ticks = u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1);
        Instance::new(
            store,
            &self.linker,
            &self.module,
            stderr,
            self.limits.fuel,
            ticks,
        )
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}
