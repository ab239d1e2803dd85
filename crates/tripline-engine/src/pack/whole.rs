//! Whether bytes from outside are packed values: asked of a snapshot before its events are kept.

use super::{LIST, MISSING, Unpacker};

/// How many values bytes from outside hold; none if they are not whole values, or nested deeper
/// than any expression is.
pub(crate) fn whole_values(bytes: &[u8]) -> Option<usize> {
    let mut unpacker = Unpacker::new(bytes);
    let mut count = 0;
    while !unpacker.bytes.is_empty() {
        unpacker.check(MOST_NESTED)?;
        count += 1;
    }
    Some(count)
}

/// The deepest nesting of lists that is taken from outside; expressions nest 100 deep at the most.
const MOST_NESTED: u32 = 200;

impl Unpacker<'_> {
    fn check(&mut self, depth: u32) -> Option<()> {
        if self.bytes.first() != Some(&LIST) {
            return match self.bytes.first() {
                Some(MISSING..LIST) => self.pass(),
                _ => None,
            };
        }
        self.byte()?;
        for _ in 0..self.length()? {
            self.check(depth.checked_sub(1)?)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use tripline_lang::value::Value;

    use super::super::pack;
    use super::*;

    #[test]
    fn bytes_from_outside_are_counted_only_where_every_value_is_whole() {
        let mut bytes = vec![];
        pack(
            &Value::List(vec![Value::Text("abc".into()), Value::List(vec![])]),
            &mut bytes,
        );
        pack(&Value::Missing, &mut bytes);
        assert_eq!(whole_values(&bytes), Some(2));
        assert_eq!(whole_values(&bytes[..bytes.len() - 1]), Some(1));
        for end in 1..bytes.len() - 1 {
            assert_eq!(whole_values(&bytes[..end]), None, "{end}");
        }
        assert_eq!(whole_values(&[200]), None);
        assert_eq!(whole_values(&[LIST, 1].repeat(100_000)), None);
    }
}
