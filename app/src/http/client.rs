//! The client's address, resolved once per request.

use std::net::IpAddr;

/// The address of the client: the peer, or what a trusted proxy says of it. No handler reads `X-Forwarded-For` by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddr(pub IpAddr);
