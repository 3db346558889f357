//! Which addresses webhooks may go to.
//!
//! An endpoint's address comes from outside and could lead into the operator's own network (server-side request forgery),
//! also by a name that resolves to a private address, or does so only the second time. So names are resolved once, what is
//! not public is dropped, and the connection is made to what is left.

use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
    vec,
};

use hyper_util::client::legacy::connect::dns::Name;
use tokio::net::lookup_host;
use tower::Service;
use url::{Host, Url};

/// Whether anybody on the internet can have that address.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// By the IANA registry of special-purpose IPv4 addresses (RFC 6890).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        // This network, and what is reserved from 224 on: multicast, future use, broadcast.
        (0 | 224..=255, ..)
            // Carrier-grade NAT.
            | (100, 64..=127, _)
            // Protocol assignments, 6to4 relays, benchmarks.
            | (192, 0, 0) | (192, 88, 99) | (198, 18..=19, _)
    );
    !(special || address.is_private() || address.is_loopback() || address.is_link_local() || address.is_documentation())
}

/// Of IPv6, only global unicast addresses (`2000::/3`) are public; in some of them another address hides.
fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let [first, second, third, ..] = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (first, second) {
        // NAT64.
        (0x64, 0xff9b) if address.segments()[2..6] == [0; 4] => embedded(address.segments()[6], address.segments()[7]),
        // Protocol assignments with Teredo, and documentation.
        (0x2001, 0x0000..=0x01ff | 0x0db8) | (0x3fff, 0x0000..=0x0fff) => false,
        // 6to4.
        (0x2002, _) => embedded(second, third),
        _ => first & 0xe000 == 0x2000,
    }
}

/// Says what is wrong with an endpoint's address. A name is checked when it is resolved.
pub fn check_url(url: &Url, allow_private: bool) -> Result<(), String> {
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        _ => return Err("the address must begin with https://".to_owned()),
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("the address must have no user name, password or #fragment".to_owned());
    }
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        Some(Host::Domain(_)) => return Ok(()),
        None => return Err("the address names no host".to_owned()),
    };
    if allow_private || is_public(address) { Ok(()) } else { Err(refused(&address.to_string())) }
}

fn refused(host: &str) -> String {
    format!("{host} is not a public address; WEBHOOK_ALLOW_PRIVATE=yes allows it")
}

/// Resolves names to public addresses.
#[derive(Clone, Copy, Debug)]
pub struct PublicResolver {
    /// To private ones as well.
    pub allow_private: bool,
}

impl Service<Name> for PublicResolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, io::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = lookup_host((name.as_str(), 0)).await?;
            let usable: Vec<_> = found.filter(|address| allow_private || is_public(address.ip())).collect();
            if usable.is_empty() { Err(io::Error::other(refused(name.as_str()))) } else { Ok(usable.into_iter()) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_of_an_inner_network_counts_as_public() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:c0a8:101::1",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2001:4860:4860::8888",
            "2002:808:808::1",
            "2606:4700::1111",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn an_endpoint_off_https_or_with_a_password_or_in_an_inner_network_is_refused() {
        let check = |url: &str, allow_private| check_url(&Url::parse(url).unwrap(), allow_private).is_ok();
        assert!(check("https://example.com/hooks?x=1", false));
        for wrong in [
            "http://example.com",
            "ftp://example.com",
            "https://kim@example.com",
            "https://kim:secret@example.com",
            "https://example.com/#top",
            "https://127.0.0.1",
            "https://2130706433",
            "https://0x7f.1",
            "https://[::1]",
            "https://[::ffff:10.0.0.1]",
            "https://169.254.169.254/latest/meta-data",
        ] {
            assert!(!check(wrong, false), "{wrong}");
        }
        assert!(check("http://127.0.0.1:8080/hooks", true));
        assert!(!check("ftp://127.0.0.1", true));
    }

    #[tokio::test]
    async fn a_name_that_leads_into_an_inner_network_resolves_to_nothing() {
        let resolve = async |allow_private| {
            let name = "localhost".parse::<Name>().unwrap();
            PublicResolver { allow_private }.call(name).await.map(Iterator::count)
        };
        assert!(resolve(true).await.unwrap() > 0);
        assert!(resolve(false).await.unwrap_err().to_string().contains("not a public address"));
    }
}
