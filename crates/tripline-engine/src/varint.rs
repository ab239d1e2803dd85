//! Whole numbers as few bytes: seven bits a byte, the lowest first. Packed values and snapshots are
//! written with them, and protobuf has the same.

/// Appends a number, as protobuf writes it too.
pub fn put(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a number that may be below zero; those near zero are short.
pub(crate) fn put_signed(value: i64, out: &mut Vec<u8>) {
    put(zigzag(value), out);
}

/// Takes a number from the front; none where the bytes end or it is longer than any number is.
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Takes a number that may be below zero.
pub(crate) fn take_signed(bytes: &mut &[u8]) -> Option<i64> {
    take(bytes).map(unzigzag)
}

/// Numbers with a sign as numbers without, so that those near zero stay near zero.
pub(crate) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// The reverse of [`zigzag`].
pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back_and_small_ones_are_short() {
        for value in [0, 1, -1, 63, -64, 64, 1 << 40, i64::MIN, i64::MAX] {
            let mut bytes = vec![];
            put_signed(value, &mut bytes);
            assert_eq!(bytes.len() == 1, (-64..64).contains(&value), "{value}");
            let mut rest = &bytes[..];
            assert_eq!(take_signed(&mut rest), Some(value));
            assert!(rest.is_empty());
            assert_eq!(take(&mut &bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(take(&mut &[0xff; 11][..]), None);
    }
}
