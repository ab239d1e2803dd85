//! Text to addresses and address ranges, with what logs add to them: ports, brackets, zones.

use std::borrow::Cow;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;

/// An address, v4 or v6. A trailing `:port` (after brackets for v6), brackets and a zone id are
/// cut off; an IPv4-mapped v6 address is that v4 address.
pub fn ip(text: &str) -> Option<IpAddr> {
    let text = text.trim_ascii();
    match v4(text.as_bytes()) {
        Some(address) => Some(IpAddr::V4(address)),
        None => v6(text).map(unmapped),
    }
}

/// Four decimal numbers with dots, then nothing or a port. Leading zeros are refused: some
/// readers take them as octal.
#[inline]
pub(super) fn v4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut address: u32 = 0;
    let mut bytes = text.iter();
    for place in 0..4u8 {
        let mut octet: u32 = 0;
        let mut digits = 0u8;
        let end = loop {
            match bytes.next() {
                Some(byte @ b'0'..=b'9') => {
                    if digits > 0 && octet == 0 {
                        return None;
                    }
                    octet = octet * 10 + u32::from(byte - b'0');
                    digits += 1;
                    if octet > 255 {
                        return None;
                    }
                }
                end => break end,
            }
        };
        if digits == 0 {
            return None;
        }
        address = (address << 8) | octet;
        match (place, end) {
            (0..=2, Some(b'.')) | (3, None) => {}
            (3, Some(b':')) if port(bytes.as_slice()) => {}
            _ => return None,
        }
    }
    Some(Ipv4Addr::from_bits(address))
}

fn v6(text: &str) -> Option<Ipv6Addr> {
    let inner = match text.strip_prefix('[') {
        Some(rest) => {
            let (inner, after) = rest.split_once(']')?;
            let right_end = match after.strip_prefix(':') {
                Some(digits) => port(digits.as_bytes()),
                None => after.is_empty(),
            };
            if !right_end {
                return None;
            }
            inner
        }
        None => text,
    };
    let address = inner.split_once('%').map_or(inner, |(address, _)| address);
    address.parse().ok()
}

fn port(digits: &[u8]) -> bool {
    let number = digits.iter().try_fold(0u32, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u32::from(byte - b'0'))
            .filter(|number| *number <= 65_535)
    });
    !digits.is_empty() && number.is_some()
}

fn unmapped(address: Ipv6Addr) -> IpAddr {
    address
        .to_ipv4_mapped()
        .map_or(IpAddr::V6(address), IpAddr::V4)
}

/// The longest spelling of a v6 address: one with a v4 address at its end.
const LONGEST: usize = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".len();

/// Of a text that is a bare v6 address the spelling that [`ip`] converts to text, borrowed where it is that
/// already. A v4 address has only one spelling.
pub fn spelling(text: &str) -> Option<Cow<'_, str>> {
    if text.len() > LONGEST || !text.as_bytes().contains(&b':') {
        return None;
    }
    let address: Ipv6Addr = text.parse().ok()?;
    let mut buffer = [0; LONGEST];
    let mut rest = &mut buffer[..];
    write!(rest, "{}", unmapped(address)).ok()?;
    let unused = rest.len();
    let spelling = buffer.get(..LONGEST - unused)?;
    if spelling == text.as_bytes() {
        return Some(Cow::Borrowed(text));
    }
    let spelling = std::str::from_utf8(spelling).ok()?;
    Some(Cow::Owned(spelling.to_owned()))
}

/// An address range, `10.0.0.0/8`. Bits beyond the prefix are cleared; a bare address is the
/// range of that address alone; a range of IPv4-mapped v6 addresses is that v4 range.
pub fn cidr(text: &str) -> Option<IpNetwork> {
    let text = text.trim_ascii();
    let Some((address, bits)) = text.split_once('/') else {
        return ip(text).map(IpNetwork::from);
    };
    // Not through `ip`: a port makes no sense in a range.
    let address: IpAddr = address.parse().ok()?;
    if bits.starts_with('+') {
        return None;
    }
    let bits: u8 = bits.parse().ok()?;
    let (address, bits) = match address {
        IpAddr::V6(v6) if bits >= 96 => match v6.to_ipv4_mapped() {
            Some(v4) => (IpAddr::V4(v4), bits - 96),
            None => (address, bits),
        },
        _ => (address, bits),
    };
    let range = IpNetwork::new(address, bits).ok()?;
    IpNetwork::new(range.network(), bits).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_ports_brackets_and_zones() {
        for (text, expected) in [
            ("203.0.113.7", Some("203.0.113.7")),
            ("203.0.113.7:54321", Some("203.0.113.7")),
            (" 203.0.113.7 ", Some("203.0.113.7")),
            ("::ffff:203.0.113.7", Some("203.0.113.7")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("0.0.0.0", Some("0.0.0.0")),
            ("203.0.113", None),
            ("203.0.113.7.9", None),
            ("203.0.113.07", None),
            ("203.0.113.256", None),
            ("203.0.113.7:", None),
            ("203.0.113.7:99999", None),
            ("[2001:db8::1", None),
            ("host", None),
            ("", None),
        ] {
            assert_eq!(
                ip(text),
                expected.map(|text| text.parse().unwrap()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn ranges_are_masked_and_addresses_are_ranges_of_one() {
        for (text, expected) in [
            ("10.1.2.3/8", Some("10.0.0.0/8")),
            ("10.1.2.3", Some("10.1.2.3/32")),
            ("2001:db8:10::1/48", Some("2001:db8:10::/48")),
            ("2001:db8::1", Some("2001:db8::1/128")),
            ("::ffff:10.0.0.0/104", Some("10.0.0.0/8")),
            ("10.0.0.0/33", None),
            ("10.0.0.0/", None),
            ("10.0.0/8", None),
        ] {
            assert_eq!(
                cidr(text),
                expected.map(|text| text.parse().unwrap()),
                "{text:?}"
            );
        }
    }
}
