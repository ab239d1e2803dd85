//! Where a map of a record has other members than the template's: those that only one of the two has
//! are passed, until both are alike again.
//!
//! How many members a map has is said in front of it and nothing stands behind the last one. So where
//! the numbers differ, the comparison stops at the place of the template at which the record's map, or
//! the template's, would be at its end.

use super::follow::Follower;
use super::head::{Head, What};
use super::template::Template;
use crate::pack::same;
use crate::record::paths::ROOT;

/// The maps that are open and have another number of members left than the template's.
pub(super) struct Uneven {
    /// Each with how many more it has, from the outermost to the innermost one.
    maps: Vec<(u32, i64)>,
    stop: usize,
    /// The template's length: where the comparison stops if there are none.
    length: usize,
    /// How many more names may be looked through for members to go on from.
    patience: usize,
}

/// So much looking through names costs about as much as the walk of an ordinary record.
const PATIENCE: usize = 1000;

impl Uneven {
    pub(super) fn new(length: usize) -> Uneven {
        Uneven {
            maps: Vec::new(),
            stop: length,
            length,
            patience: PATIENCE,
        }
    }

    /// Where in the template the comparison stops.
    #[inline(always)]
    pub(super) fn stop(&self) -> usize {
        self.stop
    }

    /// Begins a map that has `count` members.
    pub(super) fn begin(&mut self, template: &Template, map: u32, count: i64) -> Option<()> {
        let known = template.maps.get(map as usize)?.names.len();
        self.set(template, map, count - i64::try_from(known).ok()?)
    }

    /// How many more members are left in the map than in the template's.
    fn more(&self, map: u32) -> i64 {
        match self.maps.last() {
            Some((last, more)) if *last == map => *more,
            _ => 0,
        }
    }

    fn set(&mut self, template: &Template, map: u32, more: i64) -> Option<()> {
        self.maps.pop_if(|(last, _)| *last == map);
        if more != 0 {
            self.maps.push((map, more));
        }
        let Some((map, more)) = self.maps.last() else {
            self.stop = self.length;
            return Some(());
        };
        let map = template.maps.get(*map as usize)?;
        self.stop = if *more > 0 {
            map.end as usize
        } else {
            // The first member that is too many.
            let fewer = usize::try_from(more.checked_neg()?).ok()?;
            let name = map.names.get(map.names.len().checked_sub(fewer)?)?;
            template.tokens.get(*name as usize)?.start as usize
        };
        Some(())
    }
}

impl Follower<'_> {
    /// The comparison has come to where it stops: ends the innermost map of another number of members.
    /// False if there is none, so that the record is at its end.
    #[inline]
    pub(super) fn even_out(&mut self) -> Option<bool> {
        let Some((map, more)) = self.uneven.maps.last().copied() else {
            return (self.here == self.bytes.len()).then_some(false);
        };
        let members = self.template.maps.get(map as usize)?.names.len();
        let fewer = usize::try_from(more.min(0).checked_neg()?).ok()?;
        self.resume(map, members.checked_sub(fewer)?, self.here)?;
        Some(true)
    }

    /// Goes on with the member of a map that begins at `at`, where the template's member of this index
    /// has another name or there is none: looks for the place in the template from which they are
    /// alike again. Members that only one of the two has are passed, if they are not wanted.
    #[cold]
    pub(super) fn resume(&mut self, map: u32, index: usize, mut at: usize) -> Option<()> {
        let template = self.template;
        let known = template.maps.get(map as usize)?;
        let node = self.paths.node(known.node as usize)?;
        let names = known.names.get(index..)?;
        let mut left = i64::try_from(names.len()).ok()? + self.uneven.more(map);
        while left > 0 {
            self.uneven.patience = self.uneven.patience.checked_sub(names.len())?;
            let head = Head::read(self.bytes, at).ok()?;
            let name = self.bytes.get(head.start..head.end)?;
            if head.what != What::Text {
                return None;
            }
            let mut tokens = names.iter().map(|name| template.tokens.get(*name as usize));
            let alike = tokens.position(|token| {
                let known = token.and_then(|token| {
                    template
                        .bytes
                        .get(token.content as usize..token.end as usize)
                });
                known.is_some_and(|known| same(known, name))
            });
            if let Some(place) = alike {
                let token = template.tokens.get(*names.get(place)? as usize)?;
                self.pass(token.end);
                self.here = head.end;
                let more = left - i64::try_from(names.len() - place).ok()?;
                return self.uneven.set(template, map, more);
            }
            if node.keys.find_name(name) != ROOT {
                return None;
            }
            at = self.behind(head.end)?;
            left -= 1;
        }
        self.pass(known.end);
        self.here = at;
        self.uneven.set(template, map, 0)
    }
}
