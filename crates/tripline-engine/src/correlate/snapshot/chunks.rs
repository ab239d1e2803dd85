//! The chunks of a snapshot, written and read: runs of identities, single-event matches that wait,
//! and parts of what is retained for a key. A chunk stands for itself, so that pieces of different
//! rules can follow each other in any order; of one key the parts come in their order.

use super::SnapshotError;
use super::format::{EVENTS, Reader, SINGLE, Times, put_bytes};
use crate::correlate::counting::Counting;
use crate::correlate::store::{Event, KeyState, Order};
use crate::scan::Identity;
use crate::varint;

/// The least that an identity with its time takes.
const LEAST_IDENTITY: usize = 17;

/// The least that an event takes.
const LEAST_EVENT: usize = 18;

/// Where in a key's runs writing goes on: a step and how many of its events are written.
#[derive(Clone, Copy, Default)]
pub(in crate::correlate) struct Position {
    step: usize,
    events: usize,
}

/// Appends a run of identities; `base` is the snapshot's.
pub(super) fn put_identities(tag: u8, base: i64, of: &[(i64, Identity)], out: &mut Vec<u8>) {
    out.push(tag);
    varint::put(of.len() as u64, out);
    let mut times = Times(base);
    for (time, identity) in of {
        times.put(*time, out);
        out.extend_from_slice(&identity.to_le_bytes());
    }
}

/// Takes a run of identities.
pub(super) fn take_identities(
    base: i64,
    reader: &mut Reader<'_>,
    each: &mut dyn FnMut(i64, Identity) -> Result<(), SnapshotError>,
) -> Result<(), SnapshotError> {
    let mut times = Times(base);
    for _ in 0..reader.count(LEAST_IDENTITY)? {
        let time = times.take(reader)?;
        each(time, reader.identity()?)?;
    }
    Ok(())
}

/// Appends a match of a single event that waits.
pub(super) fn put_single(rule: u32, base: i64, event: Event<'_>, out: &mut Vec<u8>) {
    out.push(SINGLE);
    varint::put(u64::from(rule), out);
    put_event(&mut Times(base), event, out);
}

/// Appends events of a key from a position on, about `limit` bytes; gives where to go on, if not
/// all are written.
pub(in crate::correlate) fn put_events(
    rule: u32,
    base: i64,
    state: &KeyState,
    from: Position,
    limit: usize,
    out: &mut Vec<u8>,
) -> Option<Position> {
    out.push(EVENTS);
    varint::put(u64::from(rule), out);
    put_bytes(state.key(), out);
    let first = from.step == 0 && from.events == 0;
    put_counting(state.counting().filter(|_| first), out);
    let mut times = Times(base);
    let mut left = limit;
    let mut next = None;
    for (step, run) in state.runs().enumerate() {
        let written = match step.cmp(&from.step) {
            std::cmp::Ordering::Less => run.len(),
            std::cmp::Ordering::Equal => from.events,
            std::cmp::Ordering::Greater => 0,
        };
        let rest = run.part(written, run.len());
        let mut count = 0;
        for event in rest.iter() {
            if left == 0 {
                break;
            }
            left = left.saturating_sub(event.fields.len() + LEAST_EVENT);
            count += 1;
        }
        if count < rest.len() && next.is_none() {
            next = Some(Position {
                step,
                events: written + count,
            });
        }
        varint::put(count as u64, out);
        for event in rest.iter().take(count) {
            put_event(&mut times, event, out);
        }
    }
    next
}

/// Where the settled tally of a key stands.
pub(super) struct Standing {
    pub(super) armed: bool,
    pub(super) upto: Option<Order>,
    pub(super) from: i64,
}

/// Appends where a key's settled tally stands, if that is to be written.
fn put_counting(counting: Option<&Counting>, out: &mut Vec<u8>) {
    let Some(counting) = counting else {
        out.push(0);
        return;
    };
    let settled = &counting.settled;
    out.push(1 | u8::from(settled.armed) << 1 | u8::from(settled.upto.is_some()) << 2);
    out.extend_from_slice(&settled.from.to_le_bytes());
    if let Some((time, identity)) = settled.upto {
        out.extend_from_slice(&time.to_le_bytes());
        out.extend_from_slice(&identity.to_le_bytes());
    }
}

/// Takes where a key's settled tally stands.
pub(super) fn take_counting(reader: &mut Reader<'_>) -> Result<Option<Standing>, SnapshotError> {
    let flags = reader.byte()?;
    if flags == 0 {
        return Ok(None);
    }
    let from = i64::from_le_bytes(reader.array()?);
    let upto = if flags & 4 != 0 {
        Some((i64::from_le_bytes(reader.array()?), reader.identity()?))
    } else {
        None
    };
    Ok(Some(Standing {
        armed: flags & 2 != 0,
        upto,
        from,
    }))
}

fn put_event(times: &mut Times, event: Event<'_>, out: &mut Vec<u8>) {
    times.put(event.time, out);
    out.extend_from_slice(&event.identity.whole().to_le_bytes());
    let length = (event.fields.len() as u64) << 1;
    varint::put(length | u64::from(event.waiting), out);
    out.extend_from_slice(event.fields);
}

/// An event as it stands in a snapshot.
pub(super) struct Written<'b> {
    pub(super) time: i64,
    pub(super) identity: Identity,
    pub(super) fields: &'b [u8],
    pub(super) waiting: bool,
}

/// Takes one event.
pub(super) fn take_event<'b>(
    times: &mut Times,
    reader: &mut Reader<'b>,
) -> Result<Written<'b>, SnapshotError> {
    let time = times.take(reader)?;
    let identity = reader.identity()?;
    let length = reader.number()?;
    let fields = reader.taken(usize::try_from(length >> 1).unwrap_or(usize::MAX))?;
    Ok(Written {
        time,
        identity,
        fields,
        waiting: length & 1 == 1,
    })
}

/// Takes a part of a key with `steps` steps, after its rule and key: each event with its step.
pub(super) fn take_events<'b>(
    base: i64,
    steps: usize,
    reader: &mut Reader<'b>,
    each: &mut dyn FnMut(usize, Written<'b>) -> Result<(), SnapshotError>,
) -> Result<(), SnapshotError> {
    let mut times = Times(base);
    for step in 0..steps {
        for _ in 0..reader.count(LEAST_EVENT)? {
            each(step, take_event(&mut times, reader)?)?;
        }
    }
    Ok(())
}
