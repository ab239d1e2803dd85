//! Where a record leaves its template between two values: members that only one of the two has are
//! passed, until both are alike again.

use super::follow::Follower;
use super::template::{NONE, Token, What};
use super::value::{byte, skip_space, text_end};
use crate::pack::same;
use crate::record::paths::ROOT;

impl Follower<'_> {
    /// Where the two differ between values: from behind the last value or bracket that is the
    /// same, looks for the place in the template from which they are alike again. Members that
    /// only one of the two has are passed, if they are not wanted.
    #[cold]
    pub(super) fn resume(&mut self, last: usize, differs: usize) -> Option<()> {
        let tokens = &self.template.tokens;
        let begun = tokens.get(last)?;
        let last = match (begun.start as usize) < differs {
            true => last,
            false => last.checked_sub(1)?,
        };
        let before = tokens.get(last)?;
        let before = tokens.get(before.outer as usize).unwrap_or(before);
        let (open, mut first) = match before.what {
            What::Enter => (before.frame, true),
            What::Leave if before.frame == 0 => return None,
            What::Leave => (
                self.template.frames.get(before.frame as usize)?.parent,
                false,
            ),
            _ => (before.frame, false),
        };
        if self.template.frames.get(open as usize)?.array {
            return None;
        }
        let node = self
            .paths
            .node(self.template.frames.get(open as usize)?.node as usize)?;
        let rest = tokens.get(last + 1..)?;
        let mut at = self.place(before.end as usize);
        loop {
            self.patience = self.patience.checked_sub(rest.len())?;
            let mut begin = skip_space(self.bytes, at);
            match byte(self.bytes, begin) {
                b'}' => {
                    let leave = |token: &&Token| token.what == What::Leave && token.frame == open;
                    let token = rest.iter().find(leave)?;
                    return self.stand(token.start, begin);
                }
                b',' if !first => begin = skip_space(self.bytes, begin + 1),
                b'"' if first => {}
                _ => return None,
            }
            let end = match byte(self.bytes, begin) {
                b'"' => text_end(self.bytes, begin, begin + 1).ok()?,
                _ => return None,
            };
            let name = self.bytes.get(begin..end)?;
            let alike = |token: &&Token| {
                let known = token.name as usize;
                let in_it = match token.what {
                    What::Leave => false,
                    What::Enter => {
                        let frame = self.template.frames.get(token.frame as usize);
                        frame.is_some_and(|frame| frame.parent == open)
                    }
                    _ => token.frame == open && token.outer == NONE,
                };
                in_it && {
                    let known = self.template.bytes.get(known..known + name.len());
                    known.is_some_and(|known| same(known, name))
                }
            };
            let known = rest.iter().find(alike);
            let child = match (known, name.contains(&b'\\')) {
                (Some(_), _) => ROOT,
                (None, true) => return None,
                (None, false) => node.keys.find_name(name.get(1..name.len() - 1)?),
            };
            let colon = skip_space(self.bytes, end);
            if byte(self.bytes, colon) != b':' {
                return None;
            }
            let value = skip_space(self.bytes, colon + 1);
            let opening = matches!(byte(self.bytes, value), b'{' | b'[');
            let walks = match known {
                // What is gone into in one of the two only.
                Some(token) if token.what == What::Enter => {
                    self.template.bytes.get(token.start as usize) != self.bytes.get(value)
                }
                Some(token) => {
                    token.node as usize != ROOT && token.what != What::Container && opening
                }
                None => child != ROOT,
            };
            if walks {
                return None;
            }
            if let Some(token) = known {
                return self.stand(token.start, value);
            }
            at = self.unwanted(open, value)?;
            first = false;
        }
    }

    /// Goes on comparing at `there` and `here`, without what happens in the template before.
    fn stand(&mut self, there: u32, here: usize) -> Option<()> {
        self.here = here;
        self.pass(there)
    }
}
