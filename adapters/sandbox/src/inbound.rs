//! A request as the handlers see it, and the log entry made of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use poem::{FromRequest, Request, RequestBody, Result, web::RemoteAddr};

/// Largest body that is read (hyperswitch.md §1: 32 KiB by default; Stripe bodies are smaller still).
const BODY_BYTES_MAX: usize = 32 * 1024;
/// Who calls without a connection.
pub(crate) const NO_PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// The address of a request as it came in, before routes took their parts of it.
#[derive(Clone)]
pub(crate) struct WholeUri(pub(crate) poem::http::Uri);

/// What the two APIs and the control read of a request.
#[derive(Debug, Clone)]
pub(crate) struct Inbound {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) peer: SocketAddr,
    pub(crate) headers: poem::http::HeaderMap,
    /// `None`: larger than allowed, or not received whole.
    pub(crate) body: Option<Vec<u8>>,
}

impl Inbound {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn idempotency_key(&self) -> Option<&str> {
        self.header("idempotency-key")
    }

    /// Decoded query parameters.
    pub(crate) fn query(&self) -> Vec<(String, String)> {
        crate::form::decode(&self.query)
    }
}

impl<'a> FromRequest<'a> for Inbound {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        let RemoteAddr(addr) = request.remote_addr();
        let peer = addr.as_socket_addr().copied().unwrap_or(NO_PEER);
        let body = body.take()?.into_bytes_limit(BODY_BYTES_MAX).await.ok().map(|bytes| bytes.to_vec());
        // A request that came by no connection brings its address along.
        let uri = request.data::<WholeUri>().map_or(request.original_uri(), |whole| &whole.0);
        Ok(Self {
            method: request.method().to_string(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            peer,
            headers: request.headers().clone(),
            body,
        })
    }
}
