//! Who the client is: the peer, or what trusted proxies say of it.

use crate::config::Network;
use poem::Request;
use poem::http::HeaderMap;
use std::net::{IpAddr, Ipv4Addr};

/// The client's address. `X-Forwarded-For` is read only if the peer is a trusted proxy, and from right to left: each trusted
/// proxy vouches for the address before it; the first one that nobody vouches for is the client. What is no address ends the walk where it
/// stands, and only there: a header with a byte that is not ASCII still has the hops that proxies have added to it.
#[must_use]
pub fn resolve(request: &Request, trusted: &[Network]) -> IpAddr {
    let peer = request.remote_addr().as_socket_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |addr| addr.ip().to_canonical());
    vouched_for(peer, request.headers(), trusted)
}

fn vouched_for(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if trusted.is_empty() || !is_trusted(peer) {
        return peer;
    }
    let mut client = peer;
    let values: Vec<_> = headers.get_all("x-forwarded-for").iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderValue;

    /// Who the client is when a proxy at 10.0.0.1 has sent these `X-Forwarded-For`, and 10.0.0.0/8 is trusted.
    fn client(forwarded: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(value).unwrap());
        }
        vouched_for([10, 0, 0, 1].into(), &headers, &["10.0.0.0/8".parse().unwrap()]).to_string()
    }

    #[test]
    fn nonsense_ends_the_walk_where_it_stands() {
        assert_eq!(client(&[]), "10.0.0.1");
        assert_eq!(client(&[b"203.0.113.7"]), "203.0.113.7");
        assert_eq!(client(&[b"\xff, 203.0.113.7"]), "203.0.113.7", "the client's own word, and the proxy's");
        assert_eq!(client(&[b"\xe2\x28, 203.0.113.7, 10.1.2.3"]), "203.0.113.7");
        assert_eq!(client(&[b"\xff", b"203.0.113.7"]), "203.0.113.7");
        assert_eq!(client(&[b"203.0.113.7, \xff, 10.1.2.3"]), "10.1.2.3", "what lies beyond nonsense is nobody's word");
        assert_eq!(client(&[b"203.0.113.7, \xe2"]), "10.0.0.1");
    }
}
