//! Who the client is: the peer, or what trusted proxies say of it.

use crate::config::Network;
use poem::Request;
use std::net::{IpAddr, Ipv4Addr};

/// The client's address. `X-Forwarded-For` is read only if the peer is a trusted proxy, and from right to left: each trusted
/// proxy vouches for the address before it; the first one that nobody vouches for is the client.
#[must_use]
pub fn resolve(request: &Request, trusted: &[Network]) -> IpAddr {
    let peer = request.remote_addr().as_socket_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |addr| addr.ip().to_canonical());
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if trusted.is_empty() || !is_trusted(peer) {
        return peer;
    }
    let mut client = peer;
    let values = request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
    for hop in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        match hop.trim().parse::<IpAddr>() {
            Ok(address) => client = address.to_canonical(),
            Err(_) => break, // nonsense: what lies beyond it is nobody's word
        }
        if !is_trusted(client) {
            break;
        }
    }
    client
}
