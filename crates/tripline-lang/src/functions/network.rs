//! Functions over addresses and places on the globe.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;

use super::{Accepts, Eval, Function, Returns, param};
use crate::types::Type;
use crate::value::Value;

const DEGREES: Accepts = Accepts::Type(Type::Float);

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "ip_prefix",
        params: &[
            param("address", Accepts::Type(Type::Ip)),
            param("bits", Accepts::Type(Type::Int)),
        ],
        returns: Returns::Type(Type::Cidr),
        summary: "The range of that many leading bits that the address lies in; missing where the address has fewer bits.",
        examples: &[
            (r#"ip_prefix(203.0.113.77, 24)"#, r#"203.0.113.0/24"#),
            (r#"ip_prefix(203.0.113.77, 48)"#, "missing"),
        ],
        eval: Eval::Values(|args| match args {
            [Value::Ip(address), Value::Int(bits)] => {
                prefix(*address, *bits).map_or(Value::Missing, Value::Cidr)
            }
            _ => Value::Missing,
        }),
    },
    Function {
        name: "in_private",
        params: &[param("address", Accepts::Type(Type::Ip))],
        returns: Returns::Type(Type::Bool),
        summary: "Whether the address is not one of the public internet: private (RFC 1918), shared (100.64.0.0/10), loopback, link-local, or for v6 unique local (fc00::/7), loopback or link-local.",
        examples: &[
            (r#"in_private(192.168.1.9)"#, "true"),
            (r#"in_private(203.0.113.7)"#, "false"),
        ],
        eval: Eval::Values(|args| match args {
            [Value::Ip(IpAddr::V4(address))] => Value::Bool(private_v4(*address)),
            [Value::Ip(IpAddr::V6(address))] => Value::Bool(private_v6(*address)),
            _ => Value::Missing,
        }),
    },
    Function {
        name: "distance_km",
        params: &[
            param("latitude_1", DEGREES),
            param("longitude_1", DEGREES),
            param("latitude_2", DEGREES),
            param("longitude_2", DEGREES),
        ],
        returns: Returns::Type(Type::Float),
        summary: "The way over the surface between two places in degrees, in kilometres, on a sphere of radius 6371.0088 km.",
        examples: &[
            ("distance_km(52.52, 13.405, 52.52, 13.405)", "0.0"),
            (
                "distance_km(52.52, 13.405, 40.7128, -74.006) > 6380",
                "true",
            ),
            (
                "distance_km(52.52, 13.405, 40.7128, -74.006) < 6390",
                "true",
            ),
        ],
        eval: Eval::Values(|args| match args {
            [
                Value::Float(latitude_1),
                Value::Float(longitude_1),
                Value::Float(latitude_2),
                Value::Float(longitude_2),
            ] => Value::Float(haversine(
                *latitude_1,
                *longitude_1,
                *latitude_2,
                *longitude_2,
            )),
            _ => Value::Missing,
        }),
    },
];

fn prefix(address: IpAddr, bits: i64) -> Option<IpNetwork> {
    let bits = u8::try_from(bits).ok()?;
    let range = IpNetwork::new(address, bits).ok()?;
    IpNetwork::new(range.network(), bits).ok()
}

fn private_v4(address: Ipv4Addr) -> bool {
    let shared = address.to_bits() >> 22 == Ipv4Addr::new(100, 64, 0, 0).to_bits() >> 22;
    address.is_private() || address.is_loopback() || address.is_link_local() || shared
}

fn private_v6(address: Ipv6Addr) -> bool {
    address.is_unique_local() || address.is_loopback() || address.is_unicast_link_local()
}

/// Great-circle distance; 6371.0088 km is the mean radius of the earth (IUGG).
fn haversine(latitude_1: f64, longitude_1: f64, latitude_2: f64, longitude_2: f64) -> f64 {
    let (from, to) = (latitude_1.to_radians(), latitude_2.to_radians());
    let half_sine = |angle: f64| (angle / 2.0).sin().powi(2);
    let a = half_sine(to - from)
        + from.cos() * to.cos() * half_sine((longitude_2 - longitude_1).to_radians());
    2.0 * 6_371.008_8 * a.sqrt().min(1.0).asin()
}
