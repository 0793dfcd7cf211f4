//! From a URL's text to what is connected to.

use std::fmt;
use std::net::IpAddr;

use ::http::header::HeaderValue;
use ::http::uri::PathAndQuery;
use rustls::pki_types::ServerName;
use url::{Host, Url};

use super::error::{BadUrl, GuardError};
use crate::limits::{HOST_LABEL_BYTES_MAX, HOST_NAME_BYTES_MAX, URL_BYTES_MAX};

/// A URL that passed the syntax rules, in the pieces a connection needs.
///
/// The URL is parsed once, and what is classified, connected to, sent as SNI and as `Host` all comes from here;
/// there is no second reading that could see another host. Parsing follows the WHATWG rules, so `2130706433`,
/// `0x7f.1`, `0177.0.0.1` and fullwidth digits all arrive here as the address 127.0.0.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    scheme: Scheme,
    host: TargetHost,
    port: u16,
    path_and_query: PathAndQuery,
}

/// The two schemes that exist here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain text.
    Http,
    /// Over TLS.
    Https,
}

/// The host of a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TargetHost {
    /// A name to be resolved: lower case, A-labels, no trailing dot.
    Name(String),
    /// An address, however it was spelled.
    Address(IpAddr),
}

impl Target {
    /// Reads a URL; refuses everything that is not plain `http(s)://host[:port][/path][?query]`. A fragment is dropped.
    pub fn parse(text: &str) -> Result<Self, GuardError> {
        Self::read(text).map_err(|reason| GuardError::BadUrl { reason })
    }

    fn read(text: &str) -> Result<Self, BadUrl> {
        if text.len() > URL_BYTES_MAX {
            return Err(BadUrl::TooLong);
        }
        // The WHATWG parser drops tabs and line ends and reads `\` as `/`. It does so consistently, but whoever
        // looked at the text before us may not have.
        if text
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
        {
            return Err(BadUrl::StrangeCharacter);
        }
        let url = Url::parse(text).map_err(BadUrl::Syntax)?;

        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(BadUrl::Scheme(other.to_owned())),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadUrl::UserInfo);
        }
        let host = match url.host() {
            Some(Host::Ipv4(v4)) => TargetHost::Address(IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => TargetHost::Address(IpAddr::V6(v6)),
            Some(Host::Domain(name)) => TargetHost::Name(checked_name(name)?),
            None => return Err(BadUrl::Host),
        };
        let port = url
            .port_or_known_default()
            .filter(|port| *port != 0)
            .ok_or(BadUrl::Port)?;
        let path_and_query = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let path_and_query = PathAndQuery::try_from(path_and_query).map_err(|_| BadUrl::Path)?;
        Ok(Self {
            scheme,
            host,
            port,
            path_and_query,
        })
    }

    /// Returns the scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the host.
    pub fn host(&self) -> &TargetHost {
        &self.host
    }

    /// Returns the port, the scheme's own where the URL names none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns what goes into the request line.
    pub fn path_and_query(&self) -> &PathAndQuery {
        &self.path_and_query
    }

    /// Returns the `Host` field: RFC 9110 7.2: the port is left out where it is the scheme's own.
    pub(crate) fn host_field(&self) -> HeaderValue {
        let default_port = match self.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        let text = match self.port == default_port {
            true => self.host.to_string(),
            false => format!("{}:{}", self.host, self.port),
        };
        HeaderValue::try_from(text).expect("a parsed host is made of visible ASCII only")
    }

    /// Returns the name that the peer's certificate must be for.
    pub(crate) fn server_name(&self) -> Result<ServerName<'static>, GuardError> {
        match &self.host {
            TargetHost::Address(address) => Ok(ServerName::IpAddress((*address).into())),
            TargetHost::Name(name) => {
                ServerName::try_from(name.clone()).map_err(|_| GuardError::BadUrl {
                    reason: BadUrl::Host,
                })
            }
        }
    }
}

impl fmt::Display for TargetHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(v4)) => write!(f, "{v4}"),
            Self::Address(IpAddr::V6(v6)) => write!(f, "[{v6}]"),
        }
    }
}

/// Takes one trailing dot off a name and checks its shape; what the URL parser lets through is wider.
fn checked_name(name: &str) -> Result<String, BadUrl> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        (1..=HOST_LABEL_BYTES_MAX).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if name.len() > HOST_NAME_BYTES_MAX || !name.split('.').all(is_label) {
        return Err(BadUrl::Host);
    }
    Ok(name.to_owned())
}
