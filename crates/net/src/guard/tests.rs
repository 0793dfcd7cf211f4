//! URL rules that need no network.

use super::*;
use crate::resolver::{Answer, ResolveError};

struct NoNames;

impl Resolve for NoNames {
    fn lookup<'a>(&'a self, _name: &'a str) -> Answer<'a> {
        Box::pin(async { Err(ResolveError::NotFound) })
    }
}

fn policy(allow: &[&str], allow_loopback_http: bool) -> GuardPolicy {
    GuardPolicy {
        allow: allow.iter().map(|range| range.parse().unwrap()).collect(),
        allow_loopback_http,
        extra_roots: Vec::new(),
        resolver: Arc::new(NoNames),
    }
}

fn check(policy: &GuardPolicy, url: &str) -> Result<(), GuardError> {
    policy.check_target(&Target::parse(url)?)
}

fn assert_forbidden(policy: &GuardPolicy, url: &str) {
    match check(policy, url) {
        Err(GuardError::Forbidden { .. }) => {}
        other => panic!("{url}: {other:?}"),
    }
}

fn assert_bad(url: &str) {
    match Target::parse(url) {
        Err(GuardError::BadUrl { .. }) => {}
        other => panic!("{url:?}: {other:?}"),
    }
}

#[test]
fn hook_01_literals_are_refused_in_every_spelling() {
    let strict = policy(&[], false);
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "１２７.0.0.1",
        "127。0。0。1",
        "0",
        "0.0.0.0",
        "10.0.0.1",
        "0xa.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "192.0.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[2002:7f00:1::]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2001:0:1::1]",
        "[2a00::5efe:7f00:1]",
        "[fe80::1]",
        "[fe81::1]",
        "[fec0::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[2001:db8::1]",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "a.b.LocalHost.",
    ] {
        assert_forbidden(&strict, &format!("https://{host}/"));
        assert_forbidden(&strict, &format!("https://{host}:8443/x?y"));
        assert_forbidden(&strict, &format!("http://{host}/"));
    }
}

#[test]
fn hook_01_user_info_odd_schemes_and_odd_characters_are_refused() {
    for url in [
        "",
        "hooks.example.com",
        "//hooks.example.com/",
        "https://",
        "https:///",
        "file:///etc/passwd",
        "gopher://example.com/",
        "ftp://example.com/",
        "data:text/plain,x",
        "javascript:alert(1)",
        "unix:/run/x",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://:secret@example.com/",
        "https://example.com@127.0.0.1/",
        "https://exam\tple.com/",
        "https://example.com/\r\nHost: x",
        " https://example.com/",
        "https://example.com/ x",
        "https:\\\\example.com\\",
        "https://good.example\\@127.0.0.1/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:x/",
        "https://a..b/",
        "https://example.com../",
        "https://.example.com/",
        "https://1.2.3.4.5/",
        "https://256.1.1.1/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://[1.2.3.4]/",
        "https://exa%00mple.com/",
        "https://a b/",
        "https://$(id)/",
        "https://a;b/",
    ] {
        assert_bad(url);
    }
    assert_bad(&format!("https://{}.example/", "a".repeat(64)));
    assert_bad(&format!("https://{}example/", "a.".repeat(130)));
}

#[test]
fn url_length_is_bounded_at_the_named_number_of_bytes() {
    use crate::limits::URL_BYTES_MAX;
    let url = |bytes: usize| {
        format!(
            "https://example.com/{}",
            "x".repeat(bytes - "https://example.com/".len())
        )
    };
    assert!(Target::parse(&url(URL_BYTES_MAX)).is_ok());
    assert_bad(&url(URL_BYTES_MAX + 1));
}

#[test]
fn public_https_urls_pass() {
    let strict = policy(&[], false);
    for url in [
        "https://hooks.example.com",
        "https://hooks.example.com:443/a?b=c#d",
        "HTTPS://Hooks.Example.COM./",
        "https://9.9.9.9/",
        "https://[2606:4700::1]:8443/",
        "https://bücher.example/",
        "https://hooks_1.example.com:80/",
        "https://localhost.example.com/",
    ] {
        check(&strict, url).unwrap_or_else(|error| panic!("{url}: {error}"));
    }
}

#[test]
fn plain_http_is_refused_unless_the_address_is_excused() {
    let strict = policy(&[], false);
    assert_forbidden(&strict, "http://hooks.example.com/");
    assert_forbidden(&strict, "http://9.9.9.9/");

    let dev = policy(&[], true);
    for url in [
        "http://127.0.0.1:8080/",
        "https://127.0.0.1:8080/",
        "http://localhost:3000/",
        "http://a.localhost/",
        "http://[::1]:1024/",
    ] {
        check(&dev, url).unwrap_or_else(|error| panic!("{url}: {error}"));
    }
    assert_forbidden(&dev, "http://9.9.9.9/");
    assert_forbidden(&dev, "http://10.0.0.1/");
    assert_forbidden(&dev, "http://[::ffff:127.0.0.1]:8080/");
    assert_forbidden(&dev, "http://0.0.0.0:8080/");

    let listed = policy(&["10.9.0.0/16"], false);
    check(&listed, "http://10.9.1.1/").unwrap();
    check(&listed, "https://10.9.1.1:22/").unwrap();
    assert_forbidden(&listed, "http://10.8.1.1/");
    assert_forbidden(&listed, "http://127.0.0.1/");
}

#[test]
fn ports_of_other_services_are_refused_unless_the_network_is_listed() {
    let strict = policy(&[], false);
    for port in [1, 22, 25, 79, 81, 442, 444, 587, 1023] {
        assert_forbidden(&strict, &format!("https://9.9.9.9:{port}/"));
        assert_forbidden(&strict, &format!("https://hooks.example.com:{port}/"));
        assert_forbidden(&policy(&[], true), &format!("http://127.0.0.1:{port}/"));
        check(
            &policy(&["127.0.0.0/8"], false),
            &format!("http://127.0.0.1:{port}/"),
        )
        .unwrap();
    }
    for port in [80, 443, 1024, 65_535] {
        check(&strict, &format!("https://9.9.9.9:{port}/")).unwrap();
    }
}

#[test]
fn hook_03_one_forbidden_address_refuses_the_whole_name_in_any_order() {
    let strict = policy(&[], false);
    let target = Target::parse("https://hooks.example.com/").unwrap();
    let good: IpAddr = "9.9.9.9".parse().unwrap();
    let bad: IpAddr = "10.0.0.1".parse().unwrap();
    assert!(strict.check_addresses(&[good], &target).is_ok());
    for mix in [[good, bad], [bad, good], [bad, bad]] {
        assert!(strict.check_addresses(&mix, &target).is_err());
    }
    assert!(
        strict
            .check_addresses(&[good; ADDRESSES_PER_NAME_MAX], &target)
            .is_ok()
    );
    assert!(
        strict
            .check_addresses(&[good; ADDRESSES_PER_NAME_MAX + 1], &target)
            .is_err()
    );
}

#[test]
fn host_field_and_path_are_what_the_url_says() {
    let of = |url: &str| {
        let target = Target::parse(url).unwrap();
        (
            target.host_field().to_str().unwrap().to_owned(),
            target.path_and_query().to_string(),
        )
    };
    assert_eq!(
        of("https://Hooks.Example.com./a%20b?c=d#e"),
        ("hooks.example.com".into(), "/a%20b?c=d".into())
    );
    assert_eq!(
        of("https://x.example:443"),
        ("x.example".into(), "/".into())
    );
    assert_eq!(
        of("https://x.example:80/"),
        ("x.example:80".into(), "/".into())
    );
    assert_eq!(
        of("http://[::1]:8080/?q"),
        ("[::1]:8080".into(), "/?q".into())
    );
    assert_eq!(of("http://0x7f.1/"), ("127.0.0.1".into(), "/".into()));
}

#[test]
fn refusals_say_what_is_wrong() {
    let text = |url: &str| check(&policy(&[], false), url).unwrap_err().to_string();
    assert_eq!(
        text("https://10.0.0.1/"),
        "the URL is not allowed: the host is a private address; only public addresses may be called"
    );
    assert_eq!(
        text("http://x.example/"),
        "the URL is not allowed: plain http is not encrypted; use https"
    );
    assert_eq!(
        text("ftp://x.example/"),
        "the URL cannot be used: the scheme is ftp, not https"
    );
    assert_eq!(
        text("https://[::ffff:127.0.0.1]/"),
        "the URL is not allowed: the host is an IPv4-mapped address of 127.0.0.1; only public addresses may be called"
    );
}
