//! Networks of addresses, for the list of trusted proxies.

use std::net::IpAddr;
use std::str::FromStr;

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: u128,
    bits: u32,
    v4: bool,
}

/// Not a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address or a network such as 10.0.0.0/8")]
pub struct BadNetwork;

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().map_err(|_| BadNetwork)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = length.map_or(Ok(width), str::parse).map_err(|_| BadNetwork)?;
        if bits > width {
            return Err(BadNetwork);
        }
        Ok(Self { first: number(address) & mask(bits, width), bits, v4: address.is_ipv4() })
    }
}

impl Network {
    /// Is `address` in it? An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let width = if self.v4 { 32 } else { 128 };
        address.is_ipv4() == self.v4 && number(address) & mask(self.bits, width) == self.first
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

fn mask(bits: u32, width: u32) -> u128 {
    let all = if width == 128 { u128::MAX } else { u128::from(u32::MAX) };
    all.checked_shl(width - bits).unwrap_or(0) & all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses_and_no_other() {
        let holds = |network: &str, address: &str| network.parse::<Network>().unwrap().contains(address.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.255.1.2") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("10.1.2.3/8", "10.9.9.9"), "host bits are dropped");
        assert!(holds("0.0.0.0/0", "8.8.8.8") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("::/0", "2001:db8::1") && holds("2001:db8::/32", "2001:db8::1") && !holds("2001:db8::/32", "2001:db9::1"));
        assert!(holds("10.0.0.0/8", "::ffff:10.0.0.1"));
        for bad in ["", "10.0.0.0/33", "x", "10.0.0.0/", "::/129", "10.0.0.0/-1"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
