//! GUIDs as texts and as their sixteen bytes. Most texts that are packed are GUIDs: ids of events,
//! sessions and applications; so they are read eight digits at a time.

/// The bytes of a text that is exactly a lower-case GUID, `8-4-4-4-12`.
pub(super) fn guid_bytes(text: &[u8]) -> Option<[u8; 16]> {
    let text: &[u8; 36] = text.try_into().ok()?;
    let dashes = [text[8], text[13], text[18], text[23]];
    if u32::from_le_bytes(dashes) != u32::from_le_bytes(*b"----") {
        return None;
    }
    let eight = |first: usize, second: usize| {
        let four = |at: usize| match text.get(at..).and_then(<[u8]>::first_chunk) {
            Some(four) => u64::from(u32::from_le_bytes(*four)),
            None => 0,
        };
        four(first) | four(second) << 32
    };
    let digits = [eight(0, 4), eight(9, 14), eight(19, 24), eight(28, 32)];
    if digits
        .iter()
        .fold(0, |wrong, eight| wrong | no_digits(*eight))
        != 0
    {
        return None;
    }
    let [a, b, c, d] = digits.map(|eight| u128::from(four_bytes(eight)));
    Some((a | b << 32 | c << 64 | d << 96).to_le_bytes())
}

/// Not zero if one of the eight bytes is no lower-case hexadecimal digit.
fn no_digits(eight: u64) -> u64 {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = LOW << 7;
    // Added to a byte below 0x80, the top bit says whether it is at least `from`; none carries.
    let at_least = |from: u8| (eight & !HIGH) + LOW * u64::from(0x80 - from);
    let digits = at_least(b'0') & !at_least(b'9' + 1);
    let letters = at_least(b'a') & !at_least(b'f' + 1);
    HIGH & (eight | !(digits | letters))
}

/// The four bytes that eight hexadecimal digits stand for, the first one lowest.
fn four_bytes(eight: u64) -> u32 {
    let letters = eight >> 6 & 0x0101_0101_0101_0101;
    let values = (eight & 0x0f0f_0f0f_0f0f_0f0f) + letters * 9;
    let pairs = (values << 4 | values >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    (fours | fours >> 16) as u32
}

pub(super) fn guid_text(guid: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in guid.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_with_any_other_byte_at_any_place_is_an_ordinary_text() {
        let guid = "0123456f-89ab-cdef-0a1b-2c3d4e5f6789";
        assert_eq!(guid_text(guid_bytes(guid.as_bytes()).unwrap()), guid);
        for at in 0..guid.len() {
            for byte in 0..0x80 {
                let mut text = guid.to_owned().into_bytes();
                text[at] = byte;
                let text = String::from_utf8(text).unwrap();
                let dash = matches!(at, 8 | 13 | 18 | 23);
                let fits = match byte {
                    b'-' => dash,
                    b'0'..=b'9' | b'a'..=b'f' => !dash,
                    _ => false,
                };
                let packed = guid_bytes(text.as_bytes());
                assert_eq!(packed.is_some(), fits, "{text:?}");
                assert!(packed.is_none_or(|packed| guid_text(packed) == text));
            }
        }
        assert_eq!(
            guid_bytes("0123456f-89ab-cdef-0a1b-2c3d4e5f67ä".as_bytes()),
            None
        );
    }
}
