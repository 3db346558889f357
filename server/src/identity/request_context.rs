//! The context of each request: principal, language, client address.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use app::{context::RequestContext, routes::named_locale};
use axum::{
    Extension,
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use billing::{
    account::{Principal, SessionLookup},
    locale::Locale,
    wallet::Funds,
};
use tower_sessions::Session;

use crate::{forwarding, http::problem::Problem, public_site::Site, state::AppState};

/// Puts the [`RequestContext`] into the request, for handlers and pages alike.
pub async fn identify(
    State(state): State<AppState>,
    Extension(session): Extension<Session>,
    mut request: Request,
    next: Next,
) -> Response {
    match state.identity.lookup(&session).await {
        Ok(found) => {
            let locale = locale_of(request.uri(), request.headers(), &state.site);
            let named = request.uri().query().and_then(named_locale);
            let context = match found {
                Some(SessionLookup { principal, funds, changes, .. }) => {
                    RequestContext { principal: Some(principal), funds, changes, locale }
                }
                None => RequestContext { principal: None, funds: Funds::default(), changes: 0, locale },
            };
            request.extensions_mut().insert(context);
            let mut response = next.run(request).await;
            // A URL that names a language also sets it for the following pages.
            if let Some(Ok(cookie)) = named.map(|locale| locale_cookie(locale, &state.site)) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(problem) => problem.into_response(),
    }
}

/// The request's language: from the URL (`?lang=en`), else from the cookie, else from `Accept-Language`
/// ([`Locale::negotiate`]).
pub fn locale_of(uri: &Uri, headers: &HeaderMap, site: &Site) -> Locale {
    uri.query().and_then(named_locale).unwrap_or_else(|| {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let cookie = site.locale_cookie();
        let chosen = pairs.find(|(name, _)| *name == cookie).and_then(|(_, value)| value.parse().ok());
        chosen.unwrap_or_else(|| {
            let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
            Locale::negotiate(&lines.collect::<Vec<_>>().join(","))
        })
    })
}

/// The cookie that keeps a language for a year.
pub fn locale_cookie(locale: Locale, site: &Site) -> Result<HeaderValue, Problem> {
    const YEAR_IN_SECONDS: u32 = 31_536_000;
    let secure = if site.secure() { "; Secure" } else { "" };
    let (name, tag) = (site.locale_cookie(), locale.as_str());
    let cookie = format!("{name}={tag}; Max-Age={YEAR_IN_SECONDS}; Path=/; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(cookie).map_err(|_| Problem::INTERNAL)
}

/// Extracts the signed-in user. Without one, the request is answered by [`Problem::NOT_SIGNED_IN`].
#[derive(Debug)]
pub struct RequireUser(pub Principal);

impl<S: Send + Sync> FromRequestParts<S> for RequireUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let principal = parts.extensions.get::<RequestContext>().and_then(|context| context.principal.clone());
        principal.map(Self).ok_or(Problem::NOT_SIGNED_IN)
    }
}

/// The client's IP address: the peer's, or the last one in the header that the proxy sets (`CLIENT_IP_HEADER`).
#[derive(Clone, Copy, Debug)]
pub struct ClientAddr(pub IpAddr);

impl FromRequestParts<AppState> for ClientAddr {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let named = state.site.client_ip_header.as_ref().and_then(|header| {
            // The client can forge everything before the last comma.
            let last = parts.headers.get_all(header).iter().next_back()?.to_str().ok()?;
            address(last.rsplit(',').next()?.trim())
        });
        if named.is_none() {
            warn_of_unnamed_clients(state, &parts.headers);
        }
        let peer = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        Ok(Self(named.or_else(peer).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// Without `CLIENT_IP_HEADER`, all clients behind a proxy have the proxy's address.
fn warn_of_unnamed_clients(state: &AppState, headers: &HeaderMap) {
    let Some(header) = forwarding::header(headers) else { return };
    if let Some(requests) = state.log_limits.unnamed_clients.count(state.clock.now()) {
        tracing::warn!(
            header,
            requests,
            "a proxy forwards requests, and CLIENT_IP_HEADER names no header of theirs that is an address: all its clients count as one, \
             so wrong passwords of one lock out everybody. Set CLIENT_IP_HEADER to the header in which your proxy names \
             the client, such as X-Forwarded-For"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_named_by_its_address_whatever_port_it_comes_from() {
        let client: IpAddr = [192, 0, 2, 7].into();
        assert_eq!((address("192.0.2.7"), address("192.0.2.7:5678")), (Some(client), Some(client)));
        assert_eq!(address("[2001:db8::7]:5678"), "2001:db8::7".parse().ok());
        assert_eq!((address("for=192.0.2.7"), address("")), (None, None));
    }

    fn site() -> Site {
        Site {
            public_url: "http://127.0.0.1".parse().unwrap(),
            checkout_origin: String::new(),
            client_ip_header: None,
            cookie_prefix: "shop".to_owned(),
            watch: false,
        }
    }

    #[test]
    fn the_addresss_language_goes_before_the_chosen_one_and_that_before_the_browsers() {
        let plain = Uri::from_static("/?older=x");
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, "en-GB".parse().unwrap());
        assert_eq!(locale_of(&plain, &headers, &site()), Locale::En);
        headers.insert(header::COOKIE, "a=b; locale=en; shop_locale=de".parse().unwrap());
        assert_eq!(locale_of(&plain, &headers, &site()), Locale::De);
        assert_eq!(locale_of(&Uri::from_static("/?a=b&lang=en"), &headers, &site()), Locale::En);
        assert_eq!(locale_of(&Uri::from_static("/?lang=xx"), &headers, &site()), Locale::De);
        headers.insert(header::COOKIE, "shop_locale=xx".parse().unwrap());
        assert_eq!(locale_of(&plain, &headers, &site()), Locale::En);
    }
}
