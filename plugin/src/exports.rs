//! What the host calls, and the little that must be said with raw pointers.
//!
//! `malloc` and `free` are exported too (by the linker): the host copies each tag and record into
//! memory that it gets there, calls one function with their addresses, copies the text at the address
//! that is returned up to its first zero byte, and frees what it got.
//!
//! INVARIANT: a call that trapped left memory as it was at that instant; from the next call on nothing
//! of it is touched any more, and every record passes.
#![allow(unsafe_code, reason = "the host speaks in addresses")]

use std::cell::RefCell;
use std::ffi::{c_char, c_int};
use std::path::PathBuf;
use std::ptr;
use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};

use tripline_engine::Encoding;
use tripline_engine::lang::source::bundle;

use crate::answer::Answer;
use crate::folders::{Deployment, accessible};
use crate::mode::Mode;
use crate::probe;
use crate::session::Session;
use crate::voice::Voice;

thread_local! {
    /// The one session; a module has one thread.
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// A call is under way. Still set when the next one begins, it was never finished.
static BUSY: AtomicBool = AtomicBool::new(false);

/// A call was never finished.
static BROKEN: AtomicBool = AtomicBool::new(false);

/// Where the rules are that `tripline plugin embed` wrote into this module. It finds this by the name,
/// writes address and length of what it added, and the compiler must not know that they are zero.
#[repr(C)]
pub struct Embedded {
    address: usize,
    length: usize,
}

/// See [`Embedded`].
#[unsafe(no_mangle)]
pub static TRIPLINE_EMBEDDED: Embedded = Embedded {
    address: 0,
    length: 0,
};

unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Called once by the host when it instantiates the module, before anything else.
#[unsafe(no_mangle)]
pub extern "C" fn _initialize() {
    // SAFETY: the linker makes it, and it is called here alone; it finds the accessible folders.
    unsafe { __wasm_call_ctors() };
    let mut voice = Voice::new();
    voice.announce(&format!(
        "{} {}: if Fluent Bit ends here, its stack for this filter is too small: set `wasm_stack_size {}`",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
        probe::STACK,
    ));
    if probe::run() != 1 {
        voice.warn("the module does not find in itself what it must find: it may be damaged");
    }
    let embedded = match embedded().map(bundle::read) {
        None => None,
        Some(Ok(texts)) => Some(texts),
        Some(Err(error)) => {
            voice.warn(&format!("the rules within the module: {error}"));
            None
        }
    };
    let found = Deployment::find(&accessible(), embedded);
    let session = Session::open(found, voice, now());
    SESSION.with(|cell| cell.replace(Some(session)));
}

/// Mode [`Mode::Annotate`]: `event_format json`.
///
/// # Safety
/// `record` and `length` are of a record that the host copied in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tripline_annotate(
    _tag: *const c_char,
    _tag_length: c_int,
    _seconds: u32,
    _nanoseconds: u32,
    record: *const u8,
    length: c_int,
) -> *const u8 {
    // SAFETY: as the host promises.
    unsafe { call(Mode::Annotate, record, length) }
}

/// Mode [`Mode::Detect`]: `event_format json`.
///
/// # Safety
/// `record` and `length` are of a record that the host copied in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tripline_detect(
    _tag: *const c_char,
    _tag_length: c_int,
    _seconds: u32,
    _nanoseconds: u32,
    record: *const u8,
    length: c_int,
) -> *const u8 {
    // SAFETY: as the host promises.
    unsafe { call(Mode::Detect, record, length) }
}

/// Mode [`Mode::DetectMessagePack`]: `event_format msgpack`.
///
/// # Safety
/// `record` and `length` are of a record that the host copied in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tripline_detect_msgpack(
    _tag: *const c_char,
    _tag_length: c_int,
    _seconds: u32,
    _nanoseconds: u32,
    record: *const u8,
    length: c_int,
) -> *const u8 {
    // SAFETY: as the host promises.
    unsafe { call(Mode::DetectMessagePack, record, length) }
}

/// Mode [`Mode::Filter`]: `event_format json`.
///
/// # Safety
/// `record` and `length` are of a record that the host copied in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tripline_filter(
    _tag: *const c_char,
    _tag_length: c_int,
    _seconds: u32,
    _nanoseconds: u32,
    record: *const u8,
    length: c_int,
) -> *const u8 {
    // SAFETY: as the host promises.
    unsafe { call(Mode::Filter, record, length) }
}

/// One record.
///
/// # Safety
/// `record` and `length` are of a record that the host copied in.
unsafe fn call(mode: Mode, record: *const u8, length: c_int) -> *const u8 {
    let untouched = if mode.drops_the_rest() || record.is_null() {
        nothing(mode)
    } else {
        record
    };
    if BUSY.swap(true, Ordering::Relaxed) {
        if !BROKEN.swap(true, Ordering::Relaxed) {
            say_broken();
        }
        return untouched;
    }
    // Memory ran out while the host copied the record: there is none.
    let answer = match usize::try_from(length) {
        Ok(length) if !record.is_null() => {
            // SAFETY: the host wrote that many bytes there and leaves them until this returns.
            let record = unsafe { slice::from_raw_parts(record, length) };
            SESSION.with_borrow_mut(|session| {
                let session = session.as_mut()?;
                let answer = session.record(mode, record, now());
                Some((answer, session.given().as_ptr()))
            })
        }
        _ => None,
    };
    BUSY.store(false, Ordering::Relaxed);
    match answer {
        Some((Answer::Pass, _)) => record,
        Some((Answer::Drop, _)) => nothing(mode),
        // The buffer stays where it is until the next call.
        Some((Answer::Give, given)) => given,
        None => untouched,
    }
}

/// The answer that makes a record go away. In JSON that is an empty text. In MessagePack there is none:
/// Fluent Bit 5.1.1 takes an empty text, and the address zero, for a record without a body, which
/// damages all that follow it; so it is an empty map, for a `grep` filter to drop.
fn nothing(mode: Mode) -> *const u8 {
    static EMPTY_TEXT: [u8; 1] = [0];
    static EMPTY_MAP: [u8; 2] = [0x80, 0];
    if mode.encoding() == Encoding::Json {
        EMPTY_TEXT.as_ptr()
    } else {
        EMPTY_MAP.as_ptr()
    }
}

/// Says that a call never ended, with nothing that such a call may have left in disorder.
fn say_broken() {
    const TEXT: &[u8] = b"[tripline] error: a call ended with a trap, so the state cannot be trusted any more: \
        from here on no rule is run (modes that pass records on pass all of them). Please report the line above; \
        a restart begins anew.\n";
    let text = [wasip1::Ciovec {
        buf: TEXT.as_ptr(),
        buf_len: TEXT.len(),
    }];
    // SAFETY: the text is there for ever. Standard error may be gone; nobody is left to tell.
    let _ = unsafe { wasip1::fd_write(2, &text) };
}

/// The name of an accessible folder by its descriptor.
pub(crate) fn preopened(descriptor: u32) -> Option<PathBuf> {
    // SAFETY: the calls write within what they are given; a wrong descriptor is told as an error.
    let stat = unsafe { wasip1::fd_prestat_get(descriptor) }.ok()?;
    if stat.tag != wasip1::PREOPENTYPE_DIR.raw() {
        return None;
    }
    // SAFETY: the tag says that it is this member.
    let length = unsafe { stat.u.dir.pr_name_len };
    let mut name = vec![0; length];
    // SAFETY: there is room for that many bytes.
    unsafe { wasip1::fd_prestat_dir_name(descriptor, name.as_mut_ptr(), length) }.ok()?;
    // Some hosts count a zero byte at the end.
    while name.last() == Some(&0) {
        name.pop();
    }
    Some(PathBuf::from(String::from_utf8(name).ok()?))
}

/// What was written into this module.
fn embedded() -> Option<&'static [u8]> {
    let place = &raw const TRIPLINE_EMBEDDED;
    // SAFETY: it is there and never written to; read like this because the compiler takes it for zero.
    let Embedded { address, length } = unsafe { ptr::read_volatile(place) };
    if address == 0 || length == 0 {
        return None;
    }
    // SAFETY: whoever wrote them put that many bytes there, where no heap is.
    Some(unsafe { slice::from_raw_parts(address as *const u8, length) })
}

/// Nanoseconds since 1970. The host's own clock call: the library's goes through numbers of 128 bits,
/// which cost an interpreter more than the call itself.
fn now() -> i64 {
    // SAFETY: the call writes into memory of its own alone.
    let now = unsafe { wasip1::clock_time_get(wasip1::CLOCKID_REALTIME, 1_000_000) };
    now.map_or(0, u64::cast_signed)
}
